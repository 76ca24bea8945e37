//! Everything at once, with every fault (`docs/ARCHITECTURE.md`, invariants).

use simulation::device::Action;
use simulation::scenario::over_seeds;
use simulation::traffic::{self, Mix, Told};
use simulation::{Faults, Simulation};
use std::cell::RefCell;
use std::rc::Rc;

fn run(seed: u64, faults: Faults, mix: Mix, devices: usize, steps: u32) {
    let mut simulation = Simulation::new(seed, faults);
    let told = Rc::new(RefCell::new(Told::default()));
    for number in 0..devices {
        let mut random = simulation.world_mut().random.fork();
        let habits = traffic::habits(&mut random);
        let device = simulation.create_device(&format!("pump-{number}"), habits);
        simulation
            .world_mut()
            .tell_device(device, 0, Action::Connect);
        traffic::start(&mut simulation, device, mix, steps, 250, &told);
    }
    simulation.run(i64::from(steps) * 400);
    traffic::check(&mut simulation, &told);
}

#[test]
fn a_calm_day() {
    over_seeds("a_calm_day", 20, |seed| {
        run(seed, Faults::none(), Mix::all(), 4, 60)
    });
}

#[test]
fn everything_goes_wrong() {
    over_seeds("everything_goes_wrong", 100, |seed| {
        run(seed, Faults::all(), Mix::all(), 4, 80)
    });
}
