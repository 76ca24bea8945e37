//! What every Durable Object of the hub has: storage, outgoing calls, timers, alarm,
//! callers that wait.
//!
//! Carries out what actors want; decides nothing.

use crate::platform;
use crate::remote::{self, Remote};
use crate::storage::ObjectSql;
use futures_channel::oneshot;
use shared::error::HubError;
use shared::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use shared::ipc::{Address, Layout, encoding};
use shared::ordered::OrderedMap;
use shared::sql::Sql;
use shared::time::Timestamp;
use shared::together::Boxed;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, Env, State};

/// Calls to one address under way at a time, which keeps them in order; what comes meanwhile
/// goes as the next batch.
const CONCURRENT_CALLS: u32 = 1;
/// Where requests wait already when a batch returns, more will come: the next batch goes
/// after twice as long a pause as this one took, within these bounds in milliseconds. A batch
/// is one commit and a message on either side, whatever is in it. Who calls alone never waits.
const SHORTEST_PAUSE: i64 = 1;
const LONGEST_PAUSE: i64 = 15;
/// Requests in one batch.
const MAX_BATCH: usize = 256;

/// The outgoing side of one address.
#[derive(Default)]
struct Lane {
    remote: Option<Rc<Remote>>,
    waiting: Vec<(Correlation, Outgoing)>,
    under_way: u32,
}

/// An object's shell around its actor.
pub struct Object {
    /// The platform's handle.
    pub state: State,
    /// Bindings.
    pub env: Env,
    /// Storage.
    pub sql: ObjectSql,
    lanes: RefCell<OrderedMap<Address, Lane>>,
    timer: Cell<Option<Timestamp>>,
    alarm: Cell<Option<Timestamp>>,
    alarm_known: Cell<bool>,
}

/// What the shell calls back into. Not generic: what drives an object exists once.
pub trait Host {
    /// The common part.
    fn object(&self) -> &Object;
    /// Calls have ended, all those that travelled together at once.
    fn finished(self: Rc<Self>, outcomes: Vec<(Correlation, Outcome)>);
    /// The volatile timer fired.
    fn timer(self: Rc<Self>);
}

/// Callers that wait for an actor's answer.
pub struct Callers<Reply> {
    waiting: RefCell<OrderedMap<Token, oneshot::Sender<Reply>>>,
    tokens: Cell<Token>,
}

impl<Reply> Default for Callers<Reply> {
    fn default() -> Self {
        Self {
            waiting: RefCell::default(),
            tokens: Cell::new(0),
        }
    }
}

impl<Reply> Callers<Reply> {
    /// A return address for a caller that may have to wait.
    pub fn caller(&self) -> (Token, oneshot::Receiver<Reply>) {
        let token = self.tokens.get() + 1;
        self.tokens.set(token);
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(token, sender);
        (token, receiver)
    }

    /// The caller got its answer at once.
    pub fn forget(&self, token: Token) {
        self.waiting.borrow_mut().remove(&token);
    }

    /// Answers a caller; one that has gone meanwhile is forgotten.
    pub fn answer(&self, token: Token, reply: Reply) {
        if let Some(sender) = self.waiting.borrow_mut().remove(&token) {
            let _gone = sender.send(reply);
        }
    }
}

impl Object {
    /// Around the platform's handles.
    pub fn new(state: State, env: Env) -> Self {
        let sql = ObjectSql::new(&state);
        Self {
            state,
            env,
            sql,
            lanes: RefCell::default(),
            timer: Cell::new(None),
            alarm: Cell::new(None),
            alarm_known: Cell::new(false),
        }
    }

    /// The object's number, from the URL of a call; remembered for alarms and socket
    /// events, which carry no URL.
    pub fn number(&self, url: Option<&str>) -> Result<u16, HubError> {
        let from_url = url
            .and_then(|url| url.strip_prefix("https://object/"))
            .and_then(|rest| rest.split('/').next())
            .and_then(|number| number.parse::<u16>().ok());
        self.sql.execute(
            "CREATE TABLE IF NOT EXISTS object (number INTEGER NOT NULL)",
            &[],
        )?;
        let rows = self.sql.query("SELECT number FROM object LIMIT 1", &[])?;
        let stored = rows.first().and_then(|row| row.integer(0));
        match (
            stored.and_then(|number| u16::try_from(number).ok()),
            from_url,
        ) {
            (Some(number), _) => Ok(number),
            (None, Some(number)) => {
                self.sql.execute(
                    "INSERT INTO object (number) VALUES (?)",
                    &[i64::from(number).into()],
                )?;
                Ok(number)
            }
            (None, None) => Err(HubError::internal(
                "an object was woken before it was ever called",
            )),
        }
    }
}

/// Carries out what an actor wants.
pub fn carry_out<Reply>(host: Rc<dyn Host>, callers: &Callers<Reply>, effects: Effects<Reply>) {
    for (token, reply) in effects.replies {
        callers.answer(token, reply);
    }
    follow(&host, effects.calls, effects.timer, effects.alarm);
}

fn follow(
    host: &Rc<dyn Host>,
    calls: Vec<Call>,
    timer: Option<Timestamp>,
    alarm: Option<Timestamp>,
) {
    if !calls.is_empty() {
        enqueue(host, calls);
    }
    if let Some(at) = timer {
        arm_timer(host, at);
    }
    if let Some(at) = alarm {
        arm_alarm(host, at);
    }
}

/// Keeps an object awake until `work` is done. Behind a pointer: what makes a promise of a
/// future is compiled once.
pub fn keep_awake(object: &Object, work: Boxed<'static, ()>) {
    object.state.wait_until(work);
}

/// Keeps the object awake until `work` is done.
fn spawn(host: &Rc<dyn Host>, work: impl Future<Output = ()> + 'static) {
    keep_awake(host.object(), Box::pin(work));
}

fn enqueue(host: &Rc<dyn Host>, calls: Vec<Call>) {
    let mut touched: Vec<Address> = Vec::new();
    for Call {
        to,
        request,
        correlation,
    } in calls
    {
        if let Outgoing::Append(segment) = request {
            append(host, to, segment, correlation);
            continue;
        }
        // Its answer may come much later, and must not hold up those behind it.
        if let Outgoing::Gateway(asked) = &request
            && asked.may_wait()
        {
            alone(host, to, request, correlation);
            continue;
        }
        let mut lanes = host.object().lanes.borrow_mut();
        lanes.or_default(to).waiting.push((correlation, request));
        if !touched.contains(&to) {
            touched.push(to);
        }
    }
    for to in touched {
        send_next(host, to);
    }
}

/// The actor itself sees to it that one append per partition is under way.
fn append(host: &Rc<dyn Host>, to: Address, segment: Rc<Vec<u8>>, correlation: Correlation) {
    let remote = lane_remote(host, to);
    let again = host.clone();
    spawn(host, async move {
        let outcome = match remote {
            Ok(remote) => Outcome::Appended(remote::append(&remote, to, &segment).await),
            Err(error) => Outcome::Appended(Err(error)),
        };
        again.clone().finished(vec![(correlation, outcome)]);
    });
}

/// A call that waits for nobody and keeps nobody waiting.
fn alone(host: &Rc<dyn Host>, to: Address, request: Outgoing, correlation: Correlation) {
    let remote = lane_remote(host, to);
    let again = host.clone();
    spawn(host, async move {
        let outcome = match remote {
            Ok(remote) => remote::carry_out(&remote, to, &[request]).await.pop(),
            Err(_) => None,
        };
        again
            .clone()
            .finished(vec![(correlation, outcome.unwrap_or_else(no_answer))]);
    });
}

fn no_answer() -> Outcome {
    Outcome::Appended(Err(HubError::internal("no answer")))
}

fn lane_remote(host: &Rc<dyn Host>, to: Address) -> Result<Rc<Remote>, HubError> {
    let object = host.object();
    let mut lanes = object.lanes.borrow_mut();
    let lane = lanes.or_default(to);
    if let Some(remote) = &lane.remote {
        return Ok(remote.clone());
    }
    let remote = Rc::new(remote::object(&object.env, to)?);
    lane.remote = Some(remote.clone());
    Ok(remote)
}

fn send_next(host: &Rc<dyn Host>, to: Address) {
    let batch: Vec<(Correlation, Outgoing)> = {
        let mut lanes = host.object().lanes.borrow_mut();
        let Some(lane) = lanes.get_mut(&to) else {
            return;
        };
        if lane.waiting.is_empty() || lane.under_way >= CONCURRENT_CALLS {
            return;
        }
        lane.under_way += 1;
        let count = lane.waiting.len().min(MAX_BATCH);
        lane.waiting.drain(..count).collect()
    };
    let remote = lane_remote(host, to);
    let again = host.clone();
    spawn(host, async move {
        let began = platform::now();
        let (correlations, requests): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let outcomes = match &remote {
            Ok(remote) => remote::carry_out(remote, to, &requests).await,
            Err(_) => Vec::new(),
        };
        let mut more = false;
        if let Some(lane) = again.object().lanes.borrow_mut().get_mut(&to) {
            more = !lane.waiting.is_empty();
            if outcomes.is_empty() {
                // A stub whose object broke stays broken.
                lane.remote = None;
            }
        }
        let mut outcomes = outcomes.into_iter();
        let finished = correlations
            .into_iter()
            .map(|correlation| (correlation, outcomes.next().unwrap_or_else(no_answer)))
            .collect();
        again.clone().finished(finished);
        if more {
            let took = platform::now().milliseconds() - began.milliseconds();
            let pause = (2 * took).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
        }
        if let Some(lane) = again.object().lanes.borrow_mut().get_mut(&to) {
            lane.under_way = lane.under_way.saturating_sub(1);
        }
        send_next(&again, to);
    });
}

/// A timer that keeps the object awake; an earlier one makes a later one moot.
fn arm_timer(host: &Rc<dyn Host>, at: Timestamp) {
    let object = host.object();
    if object.timer.get().is_some_and(|armed| armed <= at) {
        return;
    }
    object.timer.set(Some(at));
    let again = host.clone();
    spawn(host, async move {
        let wait = at.milliseconds() - platform::now().milliseconds();
        Delay::from(Duration::from_millis(wait.max(0).unsigned_abs())).await;
        if again.object().timer.get() == Some(at) {
            again.object().timer.set(None);
            again.clone().timer();
        }
    });
}

/// The durable alarm; only ever moved to an earlier time.
fn arm_alarm(host: &Rc<dyn Host>, at: Timestamp) {
    let object = host.object();
    if object.alarm_known.get() && object.alarm.get().is_some_and(|armed| armed <= at) {
        return;
    }
    let again = host.clone();
    spawn(host, async move {
        let object = again.object();
        let storage = object.state.storage();
        if !object.alarm_known.get() {
            match storage.get_alarm().await {
                Ok(known) => {
                    if !object.alarm_known.get() {
                        object.alarm.set(known.map(Timestamp::from_milliseconds));
                        object.alarm_known.set(true);
                    }
                }
                Err(error) => worker::console_error!("alarm: {error}"),
            }
        }
        if object.alarm.get().is_some_and(|armed| armed <= at) {
            return;
        }
        object.alarm.set(Some(at));
        let offset = at.milliseconds() - platform::now().milliseconds();
        if let Err(error) = storage.set_alarm(offset.max(1)).await {
            object.alarm_known.set(false);
            worker::console_error!("alarm: {error}");
        }
    });
}

/// The alarm has fired: none is set now.
pub fn alarm_fired(object: &Object) {
    object.alarm.set(None);
    object.alarm_known.set(true);
}

/// Object counts of this deployment.
pub fn layout(env: &Env) -> Layout {
    let count = |name: &str, default: u16| {
        env.var(name)
            .ok()
            .and_then(|value| value.to_string().parse().ok())
            .unwrap_or(default)
    };
    Layout {
        gateways: count("HUB_GATEWAYS", 2),
        shards: count("HUB_SHARDS", 4),
        partitions: count("HUB_PARTITIONS", 4),
    }
}

/// What an object answers.
pub fn answered<T: serde::Serialize>(answers: &[T]) -> worker::Result<worker::Response> {
    let bytes =
        encoding::to_bytes(answers).map_err(|error| worker::Error::RustError(error.message))?;
    worker::Response::from_bytes(bytes)
}
