//! The `Hub` Durable Object: shell of `shared::hub::administration`, and the mirror of its
//! settings in KV.

use crate::backend::WorkerBackend;
use crate::object::{self, Callers, Host, Object, alarm_fired, answered};
use crate::platform::now;
use crate::remote::{self, log_error};
use crate::settings_mirror;
use shared::error::HubError;
use shared::hub::administration::Hub as Actor;
use shared::hub::effects::{Correlation, Effects, Outcome};
use shared::ipc::hub::{HubRequest, HubResult, Settings};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

/// Between two steps of a job.
const SHORTEST_PAUSE_MILLISECONDS: i64 = 2;
const LONGEST_PAUSE_MILLISECONDS: i64 = 500;
/// How long one alarm works on a job.
const LONGEST_DRIVE_MILLISECONDS: i64 = 10_000;

/// The hub object.
#[durable_object(alarm)]
pub struct Hub {
    shell: Rc<Shell>,
}

struct Shell {
    object: Object,
    callers: Callers<HubResult>,
    actor: RefCell<Option<Actor>>,
    mirrored: Cell<u64>,
}

impl Shell {
    fn carry_out(self: &Rc<Self>, effects: Effects<HubResult>) {
        object::carry_out(self.clone(), &self.callers, effects);
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Actor, &Object) -> T,
    ) -> std::result::Result<T, HubError> {
        let mut actor = self.actor.borrow_mut();
        if actor.is_none() {
            *actor = Some(Actor::open(&self.object.sql)?);
        }
        match actor.as_mut() {
            Some(actor) => Ok(work(actor, &self.object)),
            None => Err(HubError::internal("the hub object did not open")),
        }
    }

    /// Does steps of the import or export job that is under way, for a while: an alarm may
    /// not run for ever, and the next one follows at once.
    async fn drive_transfer(self: Rc<Self>) -> std::result::Result<(), HubError> {
        let backend = WorkerBackend::new(self.object.env.clone(), None);
        let until = now().plus_milliseconds(LONGEST_DRIVE_MILLISECONDS);
        loop {
            let mut effects = Effects::default();
            let job = self
                .with(|actor, object| actor.transfer(now(), &object.sql, &mut effects))
                .flatten();
            self.carry_out(effects);
            let Some(job) = job? else {
                return Ok(());
            };
            let began = now();
            let stepped = shared::transfer::step(&backend, &job).await;
            let next = self
                .with(|actor, object| actor.transfer_stepped(now(), &job, stepped, &object.sql));
            let Some(next) = next.flatten()? else {
                return Ok(());
            };
            if next > now() || now() >= until {
                let mut effects = Effects::default();
                effects.alarm_at(next);
                self.carry_out(effects);
                return Ok(());
            }
            // The process has one thread, and looks at its sockets only when nothing is left
            // to run: everybody else gets a quarter of it.
            let took = now().milliseconds() - began.milliseconds();
            let pause = (took / 3).clamp(SHORTEST_PAUSE_MILLISECONDS, LONGEST_PAUSE_MILLISECONDS);
            Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
        }
    }

    /// Writes changed settings to the mirror before whoever changed them is answered.
    async fn mirror(&self) {
        let settings = self
            .actor
            .borrow()
            .as_ref()
            .and_then(Actor::settings)
            .filter(|settings| settings.version > self.mirrored.get())
            .cloned()
            .map(Settings::without_rules);
        if let Some(settings) = settings {
            match settings_mirror::write(&self.object.env, &settings).await {
                Ok(()) => self.mirrored.set(settings.version),
                Err(error) => log_error("settings mirror", &error),
            }
        }
    }
}

impl Host for Shell {
    fn object(&self) -> &Object {
        &self.object
    }

    fn finished(self: Rc<Self>, outcomes: Vec<(Correlation, Outcome)>) {
        let mut effects = Effects::default();
        for (correlation, outcome) in outcomes {
            let finished = self.with(|actor, object| {
                actor.finished(now(), correlation, &outcome, &object.sql, &mut effects)
            });
            if let Err(error) = finished.flatten() {
                log_error("hub", &error);
            }
        }
        self.carry_out(effects);
    }

    fn timer(self: Rc<Self>) {
        let mut effects = Effects::default();
        let outcome = self.with(|actor, object| actor.timer(now(), &object.sql, &mut effects));
        if let Err(error) = outcome.flatten() {
            log_error("scheduled jobs", &error);
        }
        self.carry_out(effects);
    }
}

impl DurableObject for Hub {
    fn new(state: State, env: Env) -> Self {
        let object = Object::new(state, env);
        let actor = RefCell::new(None);
        Self {
            shell: Rc::new(Shell {
                object,
                callers: Callers::default(),
                actor,
                mirrored: Cell::new(0),
            }),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let requests: Vec<HubRequest> = remote::requests(request.inner()).await?;
        let mut answers: Vec<HubResult> = Vec::with_capacity(requests.len());
        for request in requests {
            let (token, later) = self.shell.callers.caller();
            let mut effects = Effects::default();
            let answer = self.shell.with(|actor, object| {
                actor.handle(now(), token, request, &object.sql, &mut effects)
            });
            self.shell.carry_out(effects);
            let answer = match answer {
                Ok(Some(answer)) => {
                    self.shell.callers.forget(token);
                    answer
                }
                Ok(None) => later
                    .await
                    .unwrap_or_else(|_| Err(HubError::internal("no answer"))),
                Err(error) => Err(error),
            };
            self.shell.mirror().await;
            answers.push(answer);
        }
        answered(&answers)
    }

    async fn alarm(&self) -> Result<Response> {
        alarm_fired(&self.shell.object);
        let mut effects = Effects::default();
        let outcome = self
            .shell
            .with(|actor, object| actor.alarm(now(), &object.sql, &mut effects));
        if let Err(error) = outcome.flatten() {
            log_error("hub alarm", &error);
            effects.alarm_at(now().plus_seconds(5));
        }
        self.shell.carry_out(effects);
        let drive = Shell::drive_transfer(self.shell.clone());
        if let Err(error) = drive.await {
            log_error("import or export job", &error);
        }
        Response::empty()
    }
}
