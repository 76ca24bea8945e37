//! The `Events` Durable Object: shell of `shared::hub::events`.

use crate::backend::WorkerBackend;
use crate::object::{self, Callers, Host, Object, alarm_fired, answered};
use crate::platform::now;
use crate::remote::{self, APPEND_PATH, log_error};
use shared::error::HubError;
use shared::hub::effects::{Correlation, Effects, Outcome};
use shared::hub::events::{Events as Actor, MAX_SEGMENT_BYTES};
use shared::ipc::events::{EventsRequest, EventsResult};
use std::cell::RefCell;
use std::rc::Rc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// One partition of the event log.
#[durable_object(alarm)]
pub struct Events {
    shell: Rc<Shell>,
}

struct Shell {
    object: Object,
    callers: Callers<EventsResult>,
    actor: RefCell<Option<Actor>>,
}

impl Shell {
    fn carry_out(self: &Rc<Self>, effects: Effects<EventsResult>) {
        object::carry_out(self.clone(), &self.callers, effects);
    }

    /// Sends what is due, each delivery by itself; the next one to the same endpoint follows
    /// when it is known what came of it.
    fn deliver(self: &Rc<Self>) {
        loop {
            let mut effects = Effects::default();
            let next = self.with(None, |actor, object| {
                actor.next_delivery(now(), &object.sql, &mut effects)
            });
            self.carry_out(effects);
            let delivery = match next.flatten() {
                Ok(Some(delivery)) => delivery,
                Ok(None) => return,
                Err(error) => {
                    log_error("deliveries", &error);
                    return;
                }
            };
            let shell = self.clone();
            let sending = Box::pin(async move {
                let backend = WorkerBackend::new(shell.object.env.clone(), None);
                let outcome = shared::delivery::carry_out(&backend, &delivery).await;
                let mut effects = Effects::default();
                let stored = shell.with(None, |actor, object| {
                    actor.delivered(now(), &delivery, &outcome, &object.sql, &mut effects)
                });
                shell.carry_out(effects);
                match stored.flatten() {
                    Ok(()) => shell.deliver(),
                    Err(error) => log_error("deliveries", &error),
                }
            });
            object::keep_awake(&self.object, sending);
        }
    }

    fn with<T>(
        &self,
        url: Option<&str>,
        work: impl FnOnce(&mut Actor, &Object) -> T,
    ) -> std::result::Result<T, HubError> {
        let mut actor = self.actor.borrow_mut();
        if actor.is_none() {
            *actor = Some(Actor::open(self.object.number(url)?, &self.object.sql)?);
        }
        match actor.as_mut() {
            Some(actor) => Ok(work(actor, &self.object)),
            None => Err(HubError::internal("the partition did not open")),
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
                log_error("events", &error);
            }
        }
        self.carry_out(effects);
        self.deliver();
    }

    fn timer(self: Rc<Self>) {
        let mut effects = Effects::default();
        if let Err(error) = self.with(None, |actor, _| actor.timer(now(), &mut effects)) {
            log_error("events", &error);
        }
        self.carry_out(effects);
        self.deliver();
    }
}

impl Events {
    async fn append(&self, url: &str, mut request: Request) -> Result<Response> {
        let segment = request.bytes().await?;
        if segment.len() > MAX_SEGMENT_BYTES {
            return Response::error("segment too large", 413);
        }
        let (token, later) = self.shell.callers.caller();
        let mut effects = Effects::default();
        let stored = self.shell.with(Some(url), |actor, object| {
            actor.append(now(), token, segment, &object.sql, &mut effects)
        });
        self.shell.carry_out(effects);
        self.shell.deliver();
        let stored = match stored {
            Ok(Some(stored)) => {
                self.shell.callers.forget(token);
                stored
            }
            Ok(None) => later
                .await
                .unwrap_or_else(|_| Err(HubError::internal("no answer"))),
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => Ok(Response::empty()?.with_status(204)),
            Err(error) => {
                log_error("append", &error);
                Response::error("not stored", 500)
            }
        }
    }
}

impl DurableObject for Events {
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
        if url.ends_with(APPEND_PATH) {
            return self.append(&url, request).await;
        }
        let requests: Vec<EventsRequest> = remote::requests(request.inner()).await?;
        let mut answers: Vec<EventsResult> = Vec::with_capacity(requests.len());
        for request in requests {
            let (token, later) = self.shell.callers.caller();
            let mut effects = Effects::default();
            let answer = self.shell.with(Some(&url), |actor, object| {
                actor.handle(now(), token, request, &object.sql, &mut effects)
            });
            self.shell.carry_out(effects);
            self.shell.deliver();
            answers.push(match answer {
                Ok(Some(answer)) => {
                    self.shell.callers.forget(token);
                    answer
                }
                Ok(None) => later
                    .await
                    .unwrap_or_else(|_| Err(HubError::internal("no answer"))),
                Err(error) => Err(error),
            });
        }
        answered(&answers)
    }

    async fn alarm(&self) -> Result<Response> {
        alarm_fired(&self.shell.object);
        let mut effects = Effects::default();
        let outcome = self.shell.with(None, |actor, object| {
            actor.alarm(now(), &object.sql, &mut effects)
        });
        if let Err(error) = outcome.flatten() {
            log_error("events alarm", &error);
            effects.alarm_at(now().plus_seconds(60));
        }
        self.shell.carry_out(effects);
        self.shell.deliver();
        Response::empty()
    }
}
