//! Tags, clusters, events of outside programs: rows without a life of their own.

use super::World;
use super::command::{Answer, ClusterChange, Outcome, Refusal, RefusalBody, Tagged};
use super::hosts::set;
use super::ids::{ClusterId, TagId};
use super::log::USER;
use super::model::{About, Tag};
use super::words::Severity;

type Answered = Result<Answer, Refusal>;

impl World {
    /// `POST /tags`
    pub(crate) fn create_tag(
        &mut self,
        name: String,
        description: String,
        parent: Option<TagId>,
        correlation: &str,
    ) -> Answered {
        self.check_tag(&name, &description, None)?;
        let id = TagId(self.rng.id());
        let text = format!("New Tag {name} was created by {USER}.");
        self.tags.insert(id, Tag { id, name, description, parent });
        self.log(432, Severity::Normal, About::default(), text, correlation);
        Ok(Answer { job: None, outcome: Outcome::Tag(id) })
    }

    /// `PUT /tags/{id}`
    pub(crate) fn update_tag(&mut self, tag: TagId, name: Option<String>, description: Option<String>) -> Answered {
        let Some(row) = self.tags.get(&tag) else { return Err(Refusal::not_found()) };
        let new_name = name.clone().unwrap_or_else(|| row.name.clone());
        let new_description = description.clone().unwrap_or_else(|| row.description.clone());
        self.check_tag(&new_name, &new_description, Some(tag))?;
        if let Some(row) = self.tags.get_mut(&tag) {
            row.name = new_name;
            row.description = new_description;
        }
        Ok(Answer::default())
    }

    fn check_tag(&self, name: &str, description: &str, this: Option<TagId>) -> Result<(), Refusal> {
        let length = name.chars().count();
        if !(1..=50).contains(&length) {
            return Err(Refusal::new(400, "size must be between 1 and 50, Attribute: _tag.name"));
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(Refusal::new(
                400,
                "Invalid tag name. Only letters, numbers, '-', and '_' are valid characters., Attribute: _tag.name",
            ));
        }
        if description.chars().count() > 4000 {
            return Err(Refusal::new(400, "size must be between 0 and 4000, Attribute: _tag.description"));
        }
        if self.tags.values().any(|tag| tag.name == name && Some(tag.id) != this) {
            return Err(Refusal::new(409, "The specified Tag name already exists."));
        }
        Ok(())
    }

    /// `DELETE /tags/{id}`: with its children, from everything that has them.
    pub(crate) fn delete_tag(&mut self, tag: TagId) -> Answered {
        if !self.tags.contains_key(&tag) {
            return Err(Refusal::not_found());
        }
        let mut doomed = vec![tag];
        let mut at = 0;
        while let Some(parent) = doomed.get(at).copied() {
            doomed.extend(self.tags.values().filter(|tag| tag.parent == Some(parent)).map(|tag| tag.id));
            at += 1;
        }
        for tag in doomed {
            self.tags.remove(&tag);
            for host in self.hosts.values_mut() {
                host.tags.remove(&tag);
            }
            for vm in self.vms.values_mut() {
                vm.tags.remove(&tag);
            }
        }
        Ok(Answer::default())
    }

    /// Assigning twice is no error; an unknown name is a 404 with a fault.
    pub(crate) fn assign_tag(&mut self, to: Tagged, name: &str) -> Answered {
        let Some(tag) = self.tags.values().find(|tag| tag.name == name).map(|tag| tag.id) else {
            return Err(Refusal {
                http_status: 404,
                body: RefusalBody::Fault {
                    reason: "Operation Failed".to_owned(),
                    detail: format!("Entity not found: {name}"),
                },
            });
        };
        let tags = match to {
            Tagged::Host(id) => self.hosts.get_mut(&id).map(|row| &mut row.tags),
            Tagged::Vm(id) => self.vms.get_mut(&id).map(|row| &mut row.tags),
        };
        let Some(tags) = tags else { return Err(Refusal::not_found()) };
        tags.insert(tag);
        Ok(Answer { job: None, outcome: Outcome::Tag(tag) })
    }

    pub(crate) fn unassign_tag(&mut self, from: Tagged, tag: TagId) -> Answered {
        let tags = match from {
            Tagged::Host(id) => self.hosts.get_mut(&id).map(|row| &mut row.tags),
            Tagged::Vm(id) => self.vms.get_mut(&id).map(|row| &mut row.tags),
        };
        if tags.is_some_and(|tags| tags.remove(&tag)) { Ok(Answer::default()) } else { Err(Refusal::not_found()) }
    }

    /// `PUT /clusters/{id}`: the fencing policy is replaced whole.
    pub(crate) fn update_cluster(&mut self, cluster: ClusterId, change: ClusterChange, correlation: &str) -> Answered {
        let Some(row) = self.clusters.get_mut(&cluster) else { return Err(Refusal::not_found()) };
        if change.skip_without_enabled {
            return Err(Refusal {
                http_status: 500,
                body: RefusalBody::BareFault { reason: "Operation Failed".to_owned(), detail: None },
            });
        }
        set(&mut row.name, change.name);
        set(&mut row.description, change.description);
        set(&mut row.comment, change.comment);
        set(&mut row.fencing_policy, change.fencing_policy);
        let disabled = !row.fencing_policy.enabled;
        let name = row.name.clone();
        let about = About { cluster: Some(cluster), ..About::default() };
        self.log(811, Severity::Normal, about, format!("Host cluster {name} was updated by {USER}"), correlation);
        if disabled {
            let text = format!(
                "Fencing is disabled in Fencing Policy of the Cluster {name}, so HA VMs running on a non-responsive host will not be restarted elsewhere."
            );
            self.log(9016, Severity::Alert, about, text, correlation);
        }
        Ok(Answer::default())
    }

    /// `POST /events`
    pub(crate) fn add_event(
        &mut self,
        severity: Severity,
        description: String,
        origin: String,
        custom_id: u64,
        correlation: &str,
    ) -> Answered {
        let code = match severity {
            Severity::Normal => 9801,
            Severity::Warning => 9802,
            Severity::Error => 9803,
            Severity::Alert => 9804,
        };
        let id = self.log(code, severity, About::default(), description, correlation);
        if let Some(event) = self.events.last_mut() {
            event.origin = origin;
            event.custom_id = Some(custom_id);
        }
        Ok(Answer { job: None, outcome: Outcome::Event(id) })
    }
}
