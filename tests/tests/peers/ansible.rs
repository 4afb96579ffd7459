//! Ansible with the collection ovirt.ovirt: `tests/peers/runbook.yml`.

use tests::counts::tell;
use tests::peers::peers;

use crate::run::{assert_all_at_seville, bin, lost, run};

#[tokio::test]
async fn the_run_book_in_ansible_moves_everything_to_the_other_site() {
    bin();
    let rehearsal = lost().await;
    let path = |name: &str| peers().join(name).canonicalize().expect("a file").display().to_string();
    let (world, playbook) = (format!("@{}", path("two-sites.yml")), path("runbook.yml"));
    let words = ["--inventory", "localhost,", "--extra-vars", &world, &playbook];
    let said = run(&rehearsal, &bin().join("ansible-playbook"), &words).await;
    assert!(said.contains("unreachable=0    failed=0"), "{said}");
    assert_all_at_seville(&rehearsal).await;
    let tasks = |word: &str| -> usize {
        let recap = said.lines().rfind(|line| line.contains("unreachable=")).unwrap_or_default();
        let count = recap.split_whitespace().find_map(|each| each.strip_prefix(word)?.strip_prefix('=')?.parse().ok());
        count.unwrap_or_else(|| panic!("it does not say how many tasks were {word}:\n{said}"))
    };
    let (ok, changed) = (tasks("ok"), tasks("changed"));
    assert!(changed > 0 && ok >= changed, "{said}");
    tell(&format!("Ansible: {ok} tasks of the run-book passed, {changed} of them changed something"));
}
