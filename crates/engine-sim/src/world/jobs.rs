//! Jobs of commands that are over when they are answered.

use super::World;
use super::command::{Answer, Outcome};
use super::ids::JobId;
use super::model::Job;
use super::rng::Rng;
use super::words::JobStatus;

impl World {
    /// The answer of a monitored command: it names the job, which is finished.
    pub(crate) fn done_as_job(&mut self, description: String, correlation: &str) -> Answer {
        // A generator of its own: whether a command has a job must not change what happens to the world.
        let mut rng = Rng::new(self.now.0.rotate_left(20) ^ self.jobs.len() as u64);
        let id = JobId(rng.id());
        let correlation_id =
            if correlation.is_empty() { format!("{:08x}", rng.next() >> 32) } else { correlation.to_owned() };
        let (start_time, end_time) = (self.now, Some(self.now));
        self.jobs
            .insert(id, Job { id, description, status: JobStatus::Finished, start_time, end_time, correlation_id });
        Answer { job: Some(id), outcome: Outcome::Done }
    }
}
