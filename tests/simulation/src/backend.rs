//! The HTTP side's view of the simulated hub: `http::Backend` over the world.
//!
//! A request is a future that is polled whenever something happened that it may wait for;
//! while it waits, the world goes on.

use crate::actor::{Answer, Request};
use crate::network::{CallNumber, Caller};
use crate::sqlite::Sqlite;
use crate::world::World;
use shared::blob::memory::MemoryBlobStore;
use shared::error::{ErrorCode, HubError};
use shared::http::Backend;
use shared::hub::administration::Hub;
use shared::hub::effects::{Effects, Outgoing};
use shared::ipc::events::{EventsRequest, EventsResult};
use shared::ipc::gateway::{GatewayRequest, GatewayResult};
use shared::ipc::hub::{HubRequest, HubResult, Settings};
use shared::ipc::registry::{RegistryRequest, RegistryResult};
use shared::ipc::{Address, Layout};
use shared::maintenance::Zones;
use shared::throttle::Throttles;
use shared::time::Timestamp;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The world, shared between the loop that steps it and the requests that wait in it.
#[derive(Debug, Clone)]
pub struct HubHandle(pub Rc<RefCell<World>>);

/// Waits for the answer to a call.
struct AnswerOf {
    hub: HubHandle,
    call: CallNumber,
}

impl Future for AnswerOf {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        let mut world = self.hub.0.borrow_mut();
        world
            .results
            .remove(&self.call)
            .map_or(Poll::Pending, Poll::Ready)
    }
}

struct Sleep {
    hub: HubHandle,
    name: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut world = self.hub.0.borrow_mut();
        if world.awake.remove(&self.name) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

fn mixed_up() -> HubError {
    HubError::new(ErrorCode::ServerError, "an actor of another kind answered")
}

impl HubHandle {
    fn with_hub<T>(&self, work: impl FnOnce(Timestamp, &mut Hub, &Sqlite) -> T) -> T {
        let mut world = self.0.borrow_mut();
        let now = world.wall();
        let World { sockets, nodes, .. } = &mut *world;
        let node = nodes.get_mut(&Address::Hub).expect("there is a hub");
        let (hub, sql) = node.actor.hub(now, &sockets.of(0));
        work(now, hub, sql)
    }

    /// One step of the import or export job that is under way, as the shell does them; `lost`
    /// if the process dies before its result is kept. Answers whether there is more to do.
    pub async fn transfer_step(&self, lost: bool) -> bool {
        let job = self.with_hub(|now, hub, sql| hub.transfer(now, sql, &mut Effects::default()));
        let Some(job) = job.expect("storage works") else {
            return false;
        };
        let stepped = shared::transfer::step(self, &job).await;
        if lost {
            return true;
        }
        let next = self.with_hub(|now, hub, sql| hub.transfer_stepped(now, &job, stepped, sql));
        next.expect("storage works").is_some()
    }

    /// Has the next request's body come in these pieces.
    pub fn send_body(&self, pieces: impl IntoIterator<Item = Vec<u8>>) {
        self.0.borrow_mut().body = pieces.into_iter().collect();
    }

    /// Asks an actor.
    pub async fn ask(&self, to: Address, request: Request) -> Answer {
        let call = self.0.borrow_mut().call(Caller::Client, to, request);
        AnswerOf {
            hub: self.clone(),
            call,
        }
        .await
    }
}

impl Backend for HubHandle {
    type Blobs = MemoryBlobStore;

    fn blobs(&self) -> Rc<MemoryBlobStore> {
        let world = self.0.borrow();
        world.blobs.set_time(world.wall());
        world.blobs.clone()
    }

    fn now(&self) -> Timestamp {
        self.0.borrow().wall()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.0.borrow_mut().random.fill(bytes);
    }

    fn layout(&self) -> Layout {
        self.0.borrow().layout
    }

    async fn settings(&self) -> Result<Option<Rc<Settings>>, HubError> {
        let world = self.0.borrow();
        let hub = &world.nodes[&Address::Hub].actor;
        Ok(shared::hub::settings::load(&hub.sql)?.map(Rc::new))
    }

    fn throttles(&self) -> Rc<RefCell<Throttles>> {
        self.0.borrow().throttles.clone()
    }

    async fn registry(&self, shard: u16, request: RegistryRequest) -> RegistryResult {
        let request = Request::Actor(Outgoing::Registry(request));
        match self.ask(Address::Registry(shard), request).await {
            Answer::Registry(result) => result,
            _ => Err(mixed_up()),
        }
    }

    async fn gateway(&self, gateway: u16, request: GatewayRequest) -> GatewayResult {
        let request = Request::Actor(Outgoing::Gateway(request));
        match self.ask(Address::Gateway(gateway), request).await {
            Answer::Gateway(result) => result,
            _ => Err(mixed_up()),
        }
    }

    async fn events(&self, partition: u16, request: EventsRequest) -> EventsResult {
        let request = Request::Actor(Outgoing::Events(request));
        match self.ask(Address::Events(partition), request).await {
            Answer::Events(result) => result,
            _ => Err(mixed_up()),
        }
    }

    async fn append(&self, partition: u16, batch: Vec<u8>) -> Result<(), HubError> {
        let request = Request::Actor(Outgoing::Append(Rc::new(batch)));
        match self.ask(Address::Events(partition), request).await {
            Answer::Appended(result) => result,
            _ => Err(mixed_up()),
        }
    }

    async fn hub(&self, request: HubRequest) -> HubResult {
        match self.ask(Address::Hub, Request::Hub(request)).await {
            Answer::Hub(result) => result,
            _ => Err(mixed_up()),
        }
    }

    fn zones(&self) -> Rc<dyn Zones> {
        crate::zones::rules()
    }

    async fn body_piece(&self) -> Result<Option<Vec<u8>>, HubError> {
        Ok(self.0.borrow_mut().body.pop_front())
    }

    fn bootstrap_secret(&self) -> Option<String> {
        None
    }

    fn host_names(&self) -> Vec<String> {
        vec![crate::device::HOST.to_owned()]
    }

    fn allowed_hosts(&self) -> Vec<String> {
        Vec::new()
    }

    async fn fetch(
        &self,
        origin: &str,
        request: &shared::http::Request,
        _limit: usize,
    ) -> Result<shared::http::outbound::Answer, HubError> {
        let mut world = self.0.borrow_mut();
        let now = world.wall();
        world.receivers.fetch(now, origin, request)
    }

    async fn sleep(&self, milliseconds: u32) {
        let name = self.0.borrow_mut().sleep(milliseconds);
        Sleep {
            hub: self.clone(),
            name,
        }
        .await;
    }
}
