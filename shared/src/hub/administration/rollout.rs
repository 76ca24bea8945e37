//! When a job goes on to its next wave, and when it stops (`device-management.md` §4.6).
//!
//! Pure decisions over counters. A wave that cannot reach its share of successes any more
//! stops the job as well: nothing else would ever end it.

use super::scheduled_jobs::{Phase, ScheduledJob};
use crate::json;
use crate::time::Timestamp;
use crate::writing::JsonText;

impl ScheduledJob {
    /// Looks at the counters of a running job and moves it on.
    pub(super) fn judge(&mut self, now: Timestamp) {
        if self.phase != Phase::Running {
            return;
        }
        let sum = self.counts(None);
        let is_over = sum.pending + sum.running == 0;
        let Some(rollout) = self.order.rollout.clone() else {
            if is_over {
                self.complete(now);
            }
            return;
        };
        let failed = sum.failed + sum.refused;
        // Those that a stop or a person took out say nothing about the rollout.
        let tried = failed + sum.succeeded;
        if let Some((percent, least)) = rollout.abort
            && tried >= least.max(1)
            && failed as f64 * 100.0 >= percent * tried as f64
        {
            // As JSON has it: another way to write a float takes 12 kB of the worker.
            let percent = json!(percent).json_text();
            self.abort(
                format!("{failed} of {tried} devices failed; the rollout stops at {percent} %."),
                now,
            );
            return;
        }
        if is_over {
            self.complete(now);
            return;
        }
        let last = rollout.waves.len().saturating_sub(1);
        let wave = usize::try_from(self.wave).unwrap_or(usize::MAX);
        if wave >= last || self.deadline().is_some_and(|deadline| deadline <= now) {
            return;
        }
        let counts = self.counts(Some(wave));
        let share = |devices: u64| devices as f64 * 100.0;
        let wanted = rollout.success_percent * (counts.total() - counts.canceled) as f64;
        if share(counts.succeeded) >= wanted {
            let succeeded = *self.wave_succeeded.get_or_insert(now);
            let may_go_on = rollout
                .pause
                .is_some_and(|seconds| succeeded.plus_seconds(seconds) <= now);
            if may_go_on {
                self.next_wave();
            }
        } else if share(counts.succeeded + counts.pending + counts.running) < wanted {
            self.abort(
                format!(
                    "Only {} of {} devices of wave {} succeeded.",
                    counts.succeeded,
                    counts.total(),
                    self.wave + 1
                ),
                now,
            );
        }
    }

    fn complete(&mut self, now: Timestamp) {
        self.status = "completed".to_owned();
        self.ended = Some(now);
        self.phase = Phase::Over;
    }

    fn abort(&mut self, why: String, now: Timestamp) {
        self.stop("cancelled", Some(why), now);
    }

    fn next_wave(&mut self) {
        self.wave += 1;
        self.wave_succeeded = None;
    }

    /// Somebody resumes the job: a wave that waits for that begins.
    pub(super) fn pass_gate(&mut self) {
        if self.wave_succeeded.is_some() {
            self.next_wave();
        }
    }

    /// Whether the next wave waits for somebody to let it begin.
    pub(super) fn awaits_person(&self) -> bool {
        let rollout = self.order.rollout.as_ref();
        self.phase == Phase::Running
            && self.wave_succeeded.is_some()
            && rollout.is_some_and(|rollout| rollout.pause.is_none())
    }

    /// When the pause between two waves is over.
    pub(super) fn next_wave_at(&self) -> Option<Timestamp> {
        let pause = self.order.rollout.as_ref()?.pause?;
        Some(self.wave_succeeded?.plus_seconds(pause))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scheduled_jobs::ShardPart;
    use super::*;
    use crate::ipc::audit::Cause;
    use crate::ipc::scheduled_job::{JobCounts, JobKind, JobOrder, Rollout};
    use crate::json;

    const NOW: i64 = 1_700_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(NOW).plus_seconds(seconds)
    }

    fn job(pause: Option<i64>, first: JobCounts) -> ScheduledJob {
        let rest = JobCounts {
            pending: 80,
            ..JobCounts::default()
        };
        ScheduledJob {
            number: 1,
            order: JobOrder {
                id: "job".to_owned(),
                kind: JobKind::DeviceMethod,
                body: json!({}),
                condition: "*".to_owned(),
                start: None,
                lifetime: 3_600,
                rollout: Some(Rollout {
                    waves: vec![20.0, 100.0],
                    success_percent: 90.0,
                    abort: Some((50.0, 10)),
                    pause,
                }),
                overrides: None,
                pattern: None,
            },
            cause: Cause {
                actor: "policy:service".to_owned(),
                role: None,
                source: None,
                request_id: String::new(),
            },
            status: "running".to_owned(),
            phase: Phase::Running,
            created: at(0),
            started: Some(at(0)),
            ended: None,
            failure: None,
            round: 0,
            wave: 0,
            wave_succeeded: None,
            paused: false,
            shards: vec![ShardPart {
                done: true,
                after: None,
                waves: vec![first, rest],
                expired: 0,
            }],
        }
    }

    fn counts(succeeded: u64, failed: u64, pending: u64) -> JobCounts {
        JobCounts {
            succeeded,
            failed,
            pending,
            ..JobCounts::default()
        }
    }

    #[test]
    fn the_next_wave_begins_at_its_share_and_not_before() {
        let mut almost = job(Some(0), counts(17, 0, 3));
        almost.judge(at(1));
        assert_eq!((almost.wave, almost.phase), (0, Phase::Running));
        let mut enough = job(Some(0), counts(18, 0, 2));
        enough.judge(at(1));
        assert_eq!((enough.wave, enough.phase), (1, Phase::Running));
    }

    #[test]
    fn a_pause_holds_the_next_wave() {
        let mut timed = job(Some(60), counts(20, 0, 0));
        timed.judge(at(1));
        assert_eq!((timed.wave, timed.next_wave_at()), (0, Some(at(61))));
        timed.judge(at(60));
        assert_eq!(timed.wave, 0);
        timed.judge(at(61));
        assert_eq!((timed.wave, timed.next_wave_at()), (1, None));

        let mut manual = job(None, counts(20, 0, 0));
        manual.judge(at(1));
        manual.judge(at(3_000));
        assert_eq!((manual.wave, manual.next_wave_at()), (0, None));
        manual.pass_gate();
        assert_eq!(manual.wave, 1);
    }

    #[test]
    fn a_wave_without_hope_and_too_many_failures_stop_the_job() {
        // Three of twenty: ninety percent cannot be reached, though few have failed.
        let mut hopeless = job(Some(0), counts(10, 3, 7));
        hopeless.judge(at(1));
        assert_eq!(hopeless.phase, Phase::Stopping);
        assert_eq!(hopeless.status, "cancelled");
        // Nine are too few to judge, whatever became of them; ten are not.
        let mut few = job(Some(0), counts(9, 0, 11));
        few.order.rollout.as_mut().unwrap().abort = Some((1.0, 10));
        few.judge(at(1));
        assert_eq!(few.phase, Phase::Running);
        let mut many = job(Some(0), counts(9, 1, 10));
        many.order.rollout.as_mut().unwrap().abort = Some((10.0, 10));
        many.judge(at(1));
        assert_eq!(many.phase, Phase::Stopping);
        assert!(many.failure.unwrap().contains("1 of 10"));
    }

    #[test]
    fn nothing_is_judged_that_does_not_run() {
        let mut over = job(Some(0), counts(0, 20, 0));
        over.phase = Phase::Over;
        let before = over.clone();
        over.judge(at(1));
        assert_eq!(over, before);
    }
}
