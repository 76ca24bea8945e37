//! A run: the world, the requests that wait in it, and the loop that steps both.

use crate::backend::HubHandle;
use crate::checks;
use crate::device::{Action, Habits};
use crate::faults::Faults;
use crate::operator::Operator;
use crate::world::World;
use shared::http::Backend;
use shared::hub::administration::bootstrap::ENTROPY_BYTES;
use shared::ids::{DeviceId, Identity};
use shared::ipc::Layout;
use shared::ipc::hub::{HubReply, HubRequest};
use std::cell::{Ref, RefCell, RefMut};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A small hub: more actors would only thin out what goes wrong.
pub const LAYOUT: Layout = Layout {
    gateways: 2,
    shards: 2,
    partitions: 2,
};

/// One run.
pub struct Simulation {
    hub: HubHandle,
    tasks: Vec<Pin<Box<dyn Future<Output = ()>>>>,
    operator: Operator,
    seed: u64,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Simulation")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// A hub of the usual size that has been started; the faults begin afterwards.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::with_layout(seed, faults, LAYOUT)
    }

    /// A hub of any size.
    pub fn with_layout(seed: u64, faults: Faults, layout: Layout) -> Self {
        let calm = Faults {
            skew: faults.skew,
            ..Faults::none()
        };
        let world = World::new(seed, layout, calm);
        let hub = HubHandle(Rc::new(RefCell::new(world)));
        let mut simulation = Self {
            operator: Operator::new(hub.clone(), String::new()),
            hub: hub.clone(),
            tasks: Vec::new(),
            seed,
        };
        let entropy = hub.0.borrow_mut().random.bytes(ENTROPY_BYTES);
        let host_names = hub.host_names();
        let request = HubRequest::Bootstrap {
            host_names,
            layout,
            entropy,
        };
        let started = simulation.finish(async move { hub.hub(request).await });
        let Ok(HubReply::Bootstrapped { settings, .. }) = started else {
            panic!("the hub did not start: {started:?}");
        };
        let owner = settings
            .policies
            .iter()
            .find(|policy| policy.name == "iothubowner");
        let key = owner.expect("there is an owner").keys().primary;
        simulation.operator = Operator::new(simulation.hub.clone(), key);
        simulation.hub.0.borrow_mut().set_faults(faults);
        simulation
    }

    /// The HTTP side's end.
    pub fn hub(&self) -> HubHandle {
        self.hub.clone()
    }

    /// Somebody with all rights.
    pub fn operator(&self) -> Operator {
        self.operator.clone()
    }

    /// The world, to look at.
    pub fn world(&self) -> Ref<'_, World> {
        self.hub.0.borrow()
    }

    /// The world, to change.
    pub fn world_mut(&self) -> RefMut<'_, World> {
        self.hub.0.borrow_mut()
    }

    /// Starts something that goes on beside everything else.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + 'static) {
        self.tasks.push(Box::pin(task));
        self.hub.0.borrow_mut().stirred = true;
    }

    /// How many spawned tasks have not ended.
    pub fn unfinished(&self) -> usize {
        self.tasks.len()
    }

    fn poll_tasks(&mut self) {
        while std::mem::take(&mut self.hub.0.borrow_mut().stirred) {
            let mut context = Context::from_waker(Waker::noop());
            self.tasks
                .retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        }
    }

    /// Lets so many milliseconds of virtual time pass.
    pub fn run(&mut self, milliseconds: i64) {
        let limit = self.world().network.now + milliseconds * 1000;
        self.poll_tasks();
        while self.world_mut().step(limit) {
            self.poll_tasks();
        }
    }

    /// Goes on until the condition holds, at most so many milliseconds; whether it holds.
    pub fn run_until(&mut self, milliseconds: i64, condition: impl Fn(&World) -> bool) -> bool {
        let limit = self.world().network.now + milliseconds * 1000;
        self.poll_tasks();
        loop {
            if condition(&self.world()) {
                return true;
            }
            let stepped = self.world_mut().step(limit);
            if !stepped {
                return false;
            }
            self.poll_tasks();
        }
    }

    /// Goes on until the future is done.
    pub fn finish<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let limit = self.world().network.now + 3_600_000_000;
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
                return result;
            }
            self.poll_tasks();
            let stepped = self.world_mut().step(limit);
            assert!(
                stepped,
                "seed {}: a request got no answer within an hour",
                self.seed
            );
        }
    }

    /// Creates an identity and a device that holds its key; not connected yet.
    pub fn create_device(&mut self, id: &str, habits: Habits) -> usize {
        let operator = self.operator();
        let name = id.to_owned();
        let key = self.finish(async move { operator.create_device(&name).await });
        let identity = Identity::device(DeviceId::parse(id).expect("a legal id"));
        self.world_mut().add_device(identity, &key, habits)
    }

    /// Creates a device and waits until it is connected and up to date.
    pub fn connected_device(&mut self, id: &str, habits: Habits) -> usize {
        let device = self.create_device(id, habits);
        self.world_mut().tell_device(device, 0, Action::Connect);
        let ready = self.run_until(60_000, |world| world.devices[device].is_ready());
        assert!(ready, "{id} does not come online");
        device
    }

    /// Ends the faults and waits until nothing moves any more, without any device starting
    /// over: what the hub still owes it must deliver by itself.
    pub fn calm_down(&mut self) {
        self.world_mut().set_faults(Faults::none());
        self.run(200_000);
    }

    /// Has every device start over, as it must to learn what it may have missed.
    pub fn start_over(&mut self) {
        let count = self.world().devices.len();
        for device in 0..count {
            self.world_mut().drop_device(device, true);
        }
        self.run(60_000);
    }

    /// Calms down and checks every invariant, then once more after all devices started over.
    ///
    /// # Panics
    /// If one is broken; the text says which, and how to run the same again.
    pub fn check(&mut self) {
        self.calm_down();
        let mut problems = checks::all(self);
        self.start_over();
        let unfinished = self.unfinished();
        problems.extend(checks::all(self));
        problems.extend(checks::devices_know_their_twins(self));
        if unfinished > 0 {
            problems.push(format!("{unfinished} requests never ended"));
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
