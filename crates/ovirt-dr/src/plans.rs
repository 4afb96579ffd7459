//! Which plan is meant where none is named.

use dr_daemon::Report;

use crate::client::Client;
use crate::exit::Failure;

/// The plan that was named, or the only one there is.
pub(crate) async fn meant(client: &Client, named: Option<String>) -> Result<String, Failure> {
    match named {
        Some(name) => Ok(name),
        None => only(&client.plans().await?),
    }
}

/// Plan and site of `preview [PLAN] [SITE]`, where one word alone may be either.
pub(crate) async fn and_site(
    client: &Client,
    first: Option<String>,
    second: Option<String>,
) -> Result<(String, Option<String>), Failure> {
    match (first, second) {
        (Some(plan), Some(site)) => Ok((plan, Some(site))),
        (first, _) => one_word(&client.plans().await?, first),
    }
}

fn one_word(plans: &[Report], word: Option<String>) -> Result<(String, Option<String>), Failure> {
    match word {
        Some(word) if plans.len() != 1 || plans.iter().any(|plan| plan.plan == word) => Ok((word, None)),
        word => Ok((only(plans)?, word)),
    }
}

fn only(plans: &[Report]) -> Result<String, Failure> {
    match plans {
        [] => Err(Failure::said("the daemon has no plan: put one into its folder, `/etc/ovirt-dr` by default")),
        [one] => Ok(one.plan.clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|plan| plan.plan.as_str()).collect();
            Err(Failure::Usage(format!("there are several plans, so name one: {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(names: &[&str]) -> Vec<Report> {
        names.iter().map(|name| Report { plan: (*name).to_owned(), ..Report::default() }).collect()
    }

    fn word(known: &[&str], word: &str) -> Result<(String, Option<String>), Failure> {
        one_word(&plans(known), Some(word.to_owned()))
    }

    #[test]
    fn the_only_plan_need_not_be_named() {
        assert_eq!(only(&plans(&["erp"])), Ok("erp".to_owned()));
        assert!(matches!(only(&plans(&["erp", "web"])), Err(Failure::Usage(text)) if text.ends_with("erp, web")));
        assert!(matches!(only(&[]), Err(Failure::Said(_))));
    }

    #[test]
    fn one_word_is_a_plan_if_there_is_one_of_that_name_and_else_a_site_of_the_only_plan() {
        assert_eq!(word(&["erp"], "erp"), Ok(("erp".to_owned(), None)));
        assert_eq!(word(&["erp"], "seville"), Ok(("erp".to_owned(), Some("seville".to_owned()))));
        // With several plans a site alone would be a guess: the daemon will say that there is no such plan.
        assert_eq!(word(&["erp", "web"], "seville"), Ok(("seville".to_owned(), None)));
    }
}
