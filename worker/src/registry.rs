//! The `Registry` Durable Object: shell of `shared::hub::registry`.

use crate::object::{self, Callers, Host, Object, alarm_fired, answered};
use crate::platform::{now, zones};
use crate::remote::{self, log_error};
use shared::error::HubError;
use shared::hub::effects::{Correlation, Effects, Outcome};
use shared::hub::registry::Registry as Actor;
use shared::ipc::registry::{RegistryRequest, RegistryResult};
use std::cell::RefCell;
use std::rc::Rc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// One registry shard.
#[durable_object(alarm)]
pub struct Registry {
    shell: Rc<Shell>,
}

struct Shell {
    object: Object,
    callers: Callers<RegistryResult>,
    actor: RefCell<Option<Actor>>,
}

impl Shell {
    fn carry_out(self: &Rc<Self>, effects: Effects<RegistryResult>) {
        object::carry_out(self.clone(), &self.callers, effects);
    }

    fn with<T>(
        &self,
        url: Option<&str>,
        work: impl FnOnce(&mut Actor, &Object) -> T,
    ) -> std::result::Result<T, HubError> {
        let mut actor = self.actor.borrow_mut();
        if actor.is_none() {
            let opened = Actor::open(self.object.number(url)?, &self.object.sql)?;
            *actor = Some(opened.with_zones(zones()));
        }
        match actor.as_mut() {
            Some(actor) => Ok(work(actor, &self.object)),
            None => Err(HubError::internal("the shard did not open")),
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
            let finished = self.with(None, |actor, object| {
                actor.finished(now(), correlation, &outcome, &object.sql, &mut effects)
            });
            if let Err(error) = finished.flatten() {
                log_error("registry", &error);
            }
        }
        self.carry_out(effects);
    }

    fn timer(self: Rc<Self>) {
        let mut effects = Effects::default();
        let outcome = self.with(None, |actor, object| {
            actor.timer(now(), &object.sql, &mut effects)
        });
        if let Err(error) = outcome.flatten() {
            log_error("registry", &error);
        }
        self.carry_out(effects);
    }
}

impl DurableObject for Registry {
    fn new(state: State, env: Env) -> Self {
        let object = Object::new(state, env);
        Self {
            shell: Rc::new(Shell {
                object,
                callers: Callers::default(),
                actor: RefCell::new(None),
            }),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let url = request.inner().url();
        let requests: Vec<RegistryRequest> = remote::requests(request.inner()).await?;
        let mut answers: Vec<Option<RegistryResult>> = Vec::with_capacity(requests.len());
        let mut waiting = Vec::new();
        for (index, request) in requests.into_iter().enumerate() {
            let (token, later) = self.shell.callers.caller();
            let mut effects = Effects::default();
            let answer = self.shell.with(Some(&url), |actor, object| {
                actor.handle(now(), token, request, &object.sql, &mut effects)
            });
            match answer {
                Ok(Some(answer)) => {
                    self.shell.callers.forget(token);
                    answers.push(Some(answer));
                }
                Ok(None) => {
                    waiting.push((index, later));
                    answers.push(None);
                }
                Err(error) => answers.push(Some(Err(error))),
            }
            self.shell.carry_out(effects);
        }
        for (index, later) in waiting {
            let answer = later
                .await
                .unwrap_or_else(|_| Err(HubError::internal("no answer")));
            if let Some(place) = answers.get_mut(index) {
                *place = Some(answer);
            }
        }
        let answers: Vec<RegistryResult> = answers.into_iter().flatten().collect();
        answered(&answers)
    }

    async fn alarm(&self) -> Result<Response> {
        alarm_fired(&self.shell.object);
        let mut effects = Effects::default();
        let outcome = self.shell.with(None, |actor, object| {
            actor.alarm(now(), &object.sql, &mut effects)
        });
        if let Err(error) = outcome.flatten() {
            log_error("registry alarm", &error);
            effects.alarm_at(now().plus_seconds(5));
        }
        self.shell.carry_out(effects);
        Response::empty()
    }
}
