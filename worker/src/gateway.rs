//! The `Gateway` Durable Object: shell of `shared::hub::gateway`.
//!
//! Bound by hand rather than by the `durable_object` attribute because of the hot path:
//! a device's message is one synchronous call without a promise, its bytes are copied once
//! into a buffer that lives as long as the object, and all answers leave in one crossing.

use crate::object::{self, Callers, Host, Object, alarm_fired, answered, layout};
use crate::platform::{SocketTable, now, random_name};
use crate::remote::{self, SOCKET_PATH, log_error, log_js};
use shared::auth::client_certificate::HEADER;
use shared::error::HubError;
use shared::hub::effects::{Correlation, Effects, Outcome};
use shared::hub::gateway::{Gateway as Actor, GatewayEffects, Slot, Sockets};
use shared::ipc::ConnectionId;
use shared::ipc::gateway::{GatewayRequest, GatewayResult};
use shared::ordered::OrderedSet;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::{DurableObjectState, web_sys};
use worker::{Env, Request, Response, State, WebSocketPair};

/// Largest WebSocket message that is read: a whole largest packet.
const MAX_FRAME_BYTES: usize = 336_000;
/// The buffer begins small; most messages are.
const FIRST_FRAME_BYTES: usize = 4_096;

thread_local! {
    /// Gateways that were opened in this isolate before: their sockets only hibernated.
    static OPENED: RefCell<OrderedSet<u16>> = RefCell::default();
}

/// A gateway object.
#[wasm_bindgen]
pub struct Gateway {
    shell: Rc<Shell>,
}

struct Shell {
    object: Object,
    callers: Callers<GatewayResult>,
    actor: RefCell<Option<Actor>>,
    sockets: SocketTable,
    frame: RefCell<Vec<u8>>,
}

/// The actor's view of the sockets.
struct Live<'a>(&'a SocketTable);

impl Sockets for Live<'_> {
    fn find(&self, connection: &ConnectionId) -> Option<(Slot, String)> {
        let number = *self.0.live(Some(&connection.0)).first()?;
        Some((number, self.0.attachment(number)))
    }

    fn all(&self) -> Vec<(Slot, String)> {
        self.0
            .live(None)
            .into_iter()
            .map(|number| (number, self.0.attachment(number)))
            .collect()
    }
}

impl Shell {
    fn carry_out(self: &Rc<Self>, effects: Effects<GatewayResult>) {
        object::carry_out(self.clone(), &self.callers, effects);
    }

    /// Gives the actor an input and carries out what follows.
    fn act<T>(
        self: &Rc<Self>,
        url: Option<&str>,
        work: impl FnOnce(&mut Actor, &Shell, &mut GatewayEffects) -> T,
    ) -> Result<T, HubError> {
        let mut out = GatewayEffects::default();
        let result = {
            let mut actor = self.actor.borrow_mut();
            if actor.is_none() {
                *actor = Some(self.open(url, &mut out)?);
            }
            match actor.as_mut() {
                Some(actor) => work(actor, self, &mut out),
                None => return Err(HubError::internal("the gateway did not open")),
            }
        };
        self.perform(out);
        Ok(result)
    }

    fn open(&self, url: Option<&str>, out: &mut GatewayEffects) -> Result<Actor, HubError> {
        let number = self.object.number(url)?;
        let fresh = OPENED.with_borrow_mut(|opened| opened.insert(number));
        let layout = layout(&self.object.env);
        let sockets = Live(&self.sockets);
        Actor::open(
            number,
            layout,
            fresh,
            now(),
            &self.object.sql,
            &sockets,
            out,
        )
    }

    fn perform(self: &Rc<Self>, out: GatewayEffects) {
        for (slot, attachment) in &out.attachments {
            if let Err(error) = self.sockets.attach(*slot, attachment) {
                log_js("attachment", &error);
            }
        }
        if !out.frames.is_empty() {
            let (numbers, ends): (Vec<u32>, Vec<u32>) = out
                .frames
                .iter()
                .map(|(slot, end)| (*slot, u32::try_from(*end).unwrap_or(u32::MAX)))
                .unzip();
            self.sockets.send(&numbers, &ends, &out.bytes);
        }
        for (slot, code) in &out.closes {
            self.sockets.close(*slot, *code);
        }
        for line in &out.log {
            worker::console_log!("{line}");
        }
        self.carry_out(out.common);
    }

    /// The socket's slot; one that hibernated comes back into the actor's memory.
    fn slot(&self, socket: &JsValue, actor: &mut Actor) -> Slot {
        let number = self.sockets.number(socket);
        let slot = number.unsigned_abs();
        if number < 0 {
            actor.adopt(slot, &self.sockets.attachment(slot));
        }
        slot
    }

    /// Copies a message into the buffer; `None` for one that is text or too large.
    fn read<'a>(&self, message: &JsValue, frame: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let mut length = self.sockets.read(message, frame);
        if length < -1 {
            let needed = usize::try_from(-i64::from(length)).unwrap_or(usize::MAX);
            if needed > MAX_FRAME_BYTES {
                return None;
            }
            frame.resize(needed, 0);
            length = self.sockets.read(message, frame);
        }
        frame.get(..usize::try_from(length).ok()?)
    }

    fn accept(self: &Rc<Self>, request: &Request, url: &str) -> Result<Response, worker::Error> {
        let protocol = request.headers().get("sec-websocket-protocol")?;
        let certificate = request.headers().get(HEADER)?;
        let pair = WebSocketPair::new()?;
        let connection = ConnectionId(random_name());
        let socket = JsValue::from(pair.server.as_ref());
        let slot = self.sockets.accept(&socket, &connection.0)?;
        let opened = self.act(Some(url), |actor, shell, out| {
            let sql = &shell.object.sql;
            actor.opened(now(), slot, connection, certificate, sql, out);
        });
        if let Err(error) = opened {
            log_error("gateway", &error);
            return Response::error("the gateway cannot take connections", 503);
        }
        let response = Response::from_websocket(pair.client)?;
        if let Some(protocol) = protocol {
            response
                .headers()
                .set("sec-websocket-protocol", &protocol)?;
        }
        Ok(response)
    }

    async fn requests(
        self: &Rc<Self>,
        url: &str,
        requests: Vec<GatewayRequest>,
    ) -> Result<Response, worker::Error> {
        let mut answers: Vec<GatewayResult> = Vec::with_capacity(requests.len());
        for request in requests {
            let (token, later) = self.callers.caller();
            let answer = self.act(Some(url), |actor, shell, out| {
                let sockets = Live(&shell.sockets);
                actor.handle(now(), token, request, &shell.object.sql, &sockets, out)
            });
            answers.push(match answer {
                Ok(Some(answer)) => {
                    self.callers.forget(token);
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
}

impl Host for Shell {
    fn object(&self) -> &Object {
        &self.object
    }

    fn finished(self: Rc<Self>, outcomes: Vec<(Correlation, Outcome)>) {
        let finished = self.act(None, |actor, shell, out| {
            for (correlation, outcome) in outcomes {
                actor.finished(now(), correlation, outcome, &shell.object.sql, out);
            }
        });
        if let Err(error) = finished {
            log_error("gateway", &error);
        }
    }

    fn timer(self: Rc<Self>) {
        let fired = self.act(None, |actor, shell, out| {
            actor.timer(now(), &shell.object.sql, out);
        });
        if let Err(error) = fired {
            log_error("gateway", &error);
        }
    }
}

#[wasm_bindgen]
impl Gateway {
    /// The platform makes the object.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Gateway {
        let state = State::from(state);
        let sockets = SocketTable::new(&JsValue::from(state.as_raw()));
        let shell = Shell {
            object: Object::new(state, env),
            callers: Callers::default(),
            actor: RefCell::new(None),
            sockets,
            frame: RefCell::new(vec![0; FIRST_FRAME_BYTES]),
        };
        Gateway {
            shell: Rc::new(shell),
        }
    }

    /// A device's upgrade, or requests of other objects.
    pub async fn fetch(&self, request: web_sys::Request) -> Result<JsValue, JsValue> {
        let shell = self.shell.clone();
        let url = request.url();
        let response = if url.ends_with(SOCKET_PATH) {
            shell.accept(&Request::from(request), &url)
        } else {
            match remote::requests(&request).await {
                Ok(requests) => shell.requests(&url, requests).await,
                Err(error) => Err(error),
            }
        };
        response
            .map(|response| JsValue::from(web_sys::Response::from(response)))
            .map_err(JsValue::from)
    }

    /// A WebSocket message of a device.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn websocket_message(&self, socket: JsValue, message: JsValue) {
        let shell = &self.shell;
        let handled = shell.act(None, |actor, shell, out| {
            let slot = shell.slot(&socket, actor);
            let mut frame = shell.frame.borrow_mut();
            match shell.read(&message, &mut frame) {
                Some(bytes) => actor.frame(now(), slot, bytes, &shell.object.sql, out),
                None => actor.text(now(), slot, &shell.object.sql, out),
            }
            if frame.len() > 64 * 1024 {
                *frame = vec![0; FIRST_FRAME_BYTES];
            }
        });
        if let Err(error) = handled {
            log_error("gateway", &error);
        }
    }

    /// A device's socket was closed.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn websocket_close(
        &self,
        socket: JsValue,
        _code: JsValue,
        _reason: JsValue,
        _clean: JsValue,
    ) {
        self.ended(&socket);
    }

    /// A device's socket broke.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn websocket_error(&self, socket: JsValue, _error: JsValue) {
        self.ended(&socket);
    }

    /// The durable alarm.
    pub async fn alarm(&self) -> Result<JsValue, JsValue> {
        alarm_fired(&self.shell.object);
        let outcome = self.shell.act(None, |actor, shell, out| {
            let sockets = Live(&shell.sockets);
            actor.alarm(now(), &shell.object.sql, &sockets, out)
        });
        if let Err(error) = outcome.flatten() {
            log_error("gateway alarm", &error);
            let mut effects = Effects::default();
            effects.alarm_at(now().plus_seconds(5));
            self.shell.carry_out(effects);
        }
        Ok(JsValue::UNDEFINED)
    }
}

impl Gateway {
    fn ended(&self, socket: &JsValue) {
        let ended = self.shell.act(None, |actor, shell, out| {
            let slot = shell.slot(socket, actor);
            actor.closed(now(), slot, &shell.object.sql, out);
            shell.sockets.forget(slot);
        });
        if let Err(error) = ended {
            log_error("gateway", &error);
        }
    }
}
