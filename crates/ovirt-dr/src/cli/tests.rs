//! What the words on a command line mean.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parsed(line: &str) -> Command {
    Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}")).command
}

fn refused(line: &str) -> ErrorKind {
    Cli::try_parse_from(line.split_whitespace()).unwrap_err().kind()
}

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_teaches_by_example() {
    for command in Cli::command().get_subcommands() {
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains("Examples:\n  ovirt-dr "), "{}:\n{help}", command.get_name());
    }
}

#[test]
fn the_plan_may_be_left_out_before_a_site() {
    let Command::Failover(asked) = parsed("ovirt-dr failover seville") else { panic!() };
    assert_eq!((asked.plan, asked.site.as_str(), asked.wait), (None, "seville", false));
    let Command::Failover(asked) = parsed("ovirt-dr failover erp seville --wait --reason fire --patience 30s") else {
        panic!()
    };
    assert_eq!((asked.plan.as_deref(), asked.site.as_str(), asked.wait), (Some("erp"), "seville", true));
    assert_eq!((asked.reason.as_str(), asked.patience), ("fire", Duration::from_secs(30)));
    assert_eq!(refused("ovirt-dr failover"), ErrorKind::MissingRequiredArgument);
}

#[test]
fn a_confirmation_needs_a_reason() {
    assert_eq!(refused("ovirt-dr confirm erp promoted"), ErrorKind::MissingRequiredArgument);
    let Command::Confirm(asked) = parsed("ovirt-dr confirm mad-2 --ignore tcp:22 --reason jumphost") else { panic!() };
    assert_eq!((asked.plan, asked.what.as_str(), asked.ignore.as_deref()), (None, "mad-2", Some("tcp:22")));
    let Command::Confirm(asked) = parsed("ovirt-dr confirm erp flip --reason meant") else { panic!() };
    assert_eq!((asked.plan.as_deref(), asked.what.as_str(), asked.reason.as_str()), (Some("erp"), "flip", "meant"));
}

#[test]
fn output_and_socket_stand_anywhere() {
    for line in ["ovirt-dr --output json --socket /s status", "ovirt-dr status --socket /s --output json"] {
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        assert_eq!((cli.output, cli.socket.as_deref()), (Output::Json, Some(std::path::Path::new("/s"))));
    }
    assert_eq!(refused("ovirt-dr status --output xml"), ErrorKind::InvalidValue);
}

#[test]
fn check_looks_into_the_usual_folder_by_default() {
    let Command::Check(asked) = parsed("ovirt-dr check") else { panic!() };
    assert_eq!(asked.paths, [PathBuf::from("/etc/ovirt-dr")]);
    let Command::Check(asked) = parsed("ovirt-dr check a.yaml b.yaml --strict") else { panic!() };
    assert_eq!((asked.paths.len(), asked.strict, asked.online), (2, true, false));
}

#[test]
fn the_simulator_serves_unless_it_is_told_to_do_something() {
    let Command::Sim(asked) = parsed("ovirt-dr sim --hosts 20 --speed 10") else { panic!() };
    assert!(asked.command.is_none());
    assert_eq!((asked.server.hosts, asked.server.vms), (20, 8));
    let Command::Sim(asked) = parsed("ovirt-dr sim do lose-site madrid") else { panic!() };
    let Some(SimCommand::Do(order)) = asked.command else { panic!() };
    assert_eq!(order.order, ["lose-site", "madrid"]);
}

#[test]
fn nonsense_is_refused() {
    assert_eq!(refused("ovirt-dr rescue"), ErrorKind::InvalidSubcommand);
    assert_eq!(refused("ovirt-dr status --verbose"), ErrorKind::UnknownArgument);
    assert_eq!(refused("ovirt-dr"), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
}
