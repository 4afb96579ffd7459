//! Two plans for one engine: neither may act, for each would undo the other's work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which plan speaks to which engine (`instance_id`). Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Twins(Arc<Mutex<BTreeMap<String, String>>>);

impl Twins {
    /// Notes that `plan` was answered by `instance`; yields the other plans that were too.
    pub(crate) fn claim(&self, plan: &str, instance: &str) -> Vec<String> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.insert(plan.to_owned(), instance.to_owned());
        let others = claims.iter().filter(|(other, of)| *other != plan && *of == instance);
        others.map(|(other, _)| other.clone()).collect()
    }

    /// The other plans that are for the engine which answered this one.
    pub(crate) fn of(&self, plan: &str) -> Vec<String> {
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(instance) = claims.get(plan) else { return Vec::new() };
        claims.iter().filter(|(other, of)| *other != plan && *of == instance).map(|(other, _)| other.clone()).collect()
    }

    /// The plan is no longer watched.
    pub(crate) fn release(&self, plan: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(plan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_plans_of_one_engine_know_of_each_other_until_one_is_gone() {
        let twins = Twins::default();
        assert!(twins.claim("erp", "one").is_empty());
        assert!(twins.claim("crm", "two").is_empty());
        assert_eq!(twins.claim("copy", "one"), ["erp"]);
        assert_eq!(twins.claim("erp", "one"), ["copy"]);
        twins.release("copy");
        assert!(twins.claim("erp", "one").is_empty());
    }
}
