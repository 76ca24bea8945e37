//! Which points become one: at each step of nearness the world is parted into cells, and what lies
//! in a cell is one cluster, together with what lies close behind the cell's edge.
//!
//! Points are put in the order of a quadtree once. The cells of every step are then runs of
//! neighbours in it, so that coming nearer sorts nothing, however many points there are.

use super::mercator::{Spot, pixels};
use super::place::{Place, State};
use shared::sorting;
use std::ops::Range;

/// Pixels that the middles of two clusters are apart at least, if they lie in neighbouring cells.
const APART: f64 = 46.0;
/// Binary digits of a coordinate in the quadtree: enough for a cell at the nearest zoom.
const DIGITS: u32 = 24;
/// Binary digits of a cell's coordinate at zoom 0, where four cells of 64 pixels are the world.
const FIRST: u32 = 2;

/// Points in the order of a quadtree: where each stands, and its number among the places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ordered(Vec<(u64, u32)>);

/// Points that are shown as one; a single point too.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The middle of its points.
    pub spot: Spot,
    /// How many.
    pub count: u32,
    /// How many are in each state, in the order of the states.
    pub states: [u32; 3],
    /// Runs of its points in their order.
    runs: Vec<Range<usize>>,
}

impl Cluster {
    /// The worst state in it.
    pub fn worst(&self) -> State {
        let [_, disconnected, disabled] = self.states;
        if disabled > 0 {
            State::Disabled
        } else if disconnected > 0 {
            State::Disconnected
        } else {
            State::Connected
        }
    }

    /// The numbers of its places.
    pub fn members<'a>(&'a self, ordered: &'a Ordered) -> impl Iterator<Item = usize> + 'a {
        let runs = self
            .runs
            .iter()
            .filter_map(|run| ordered.0.get(run.clone()));
        runs.flatten().map(|(_, index)| *index as usize)
    }

    fn take(&mut self, cell: &Cell) {
        let (mine, its) = (f64::from(self.count), f64::from(cell.count()));
        let middle = |mine_at: f64, its_at: f64| (mine_at * mine + its_at * its) / (mine + its);
        self.spot = Spot {
            x: middle(self.spot.x, cell.spot.x),
            y: middle(self.spot.y, cell.spot.y),
        };
        self.count += cell.count();
        for (mine, its) in self.states.iter_mut().zip(cell.states) {
            *mine += its;
        }
        self.runs.push(cell.run.clone());
    }
}

/// A cell with points in it.
struct Cell {
    at: (u32, u32),
    spot: Spot,
    states: [u32; 3],
    run: Range<usize>,
}

impl Cell {
    fn count(&self) -> u32 {
        self.states.iter().sum()
    }
}

impl Ordered {
    /// The order of places.
    pub fn of(places: &[Place]) -> Self {
        let codes = places.iter().zip(0..);
        let mut codes: Vec<(u64, u32)> = codes
            .map(|(place, index)| (code(cell_at(place.spot, DIGITS)), index))
            .collect();
        sorting::sort(&mut codes);
        Self(codes)
    }

    /// The clusters at a whole zoom. Every place is in one of them, and in one only.
    pub fn clusters(&self, places: &[Place], zoom: u32) -> Vec<Cluster> {
        let digits = (zoom + FIRST).min(DIGITS);
        let cells = self.cells(places, digits);
        let mut by_size: Vec<usize> = (0..cells.len()).collect();
        let size = |index: usize| cells.get(index).map_or(0, Cell::count);
        sorting::sort_by(&mut by_size, |one, other| size(*other).cmp(&size(*one)));
        let mut taken = vec![false; cells.len()];
        let mut take = |index: usize| {
            let free = taken.get_mut(index).filter(|taken| !**taken);
            free.map(|taken| *taken = true).is_some()
        };
        let apart = APART / pixels(f64::from(zoom));
        let mut clusters = Vec::with_capacity(cells.len());
        for index in by_size {
            let Some(cell) = cells.get(index).filter(|_| take(index)) else {
                continue;
            };
            let mut cluster = Cluster {
                spot: cell.spot,
                count: cell.count(),
                states: cell.states,
                runs: vec![cell.run.clone()],
            };
            for at in around(cell.at) {
                let Ok(index) = cells.binary_search_by_key(&code(at), |cell| code(cell.at)) else {
                    continue;
                };
                let is_near = |other: &&Cell| {
                    let (x, y) = (other.spot.x - cell.spot.x, other.spot.y - cell.spot.y);
                    x * x + y * y < apart * apart
                };
                if let Some(near) = cells.get(index).filter(is_near)
                    && take(index)
                {
                    cluster.take(near);
                }
            }
            clusters.push(cluster);
        }
        clusters
    }

    /// The cells of a step that have points, in the order of the quadtree.
    fn cells(&self, places: &[Place], digits: u32) -> Vec<Cell> {
        let shift = 2 * (DIGITS - digits);
        let mut begin = 0;
        let runs = self
            .0
            .chunk_by(|one, other| one.0 >> shift == other.0 >> shift);
        let cell = |run: &[(u64, u32)]| {
            let (mut sum, mut states) = (Spot::default(), [0; 3]);
            for place in run
                .iter()
                .filter_map(|(_, index)| places.get(*index as usize))
            {
                sum.x += place.spot.x;
                sum.y += place.spot.y;
                let [connected, disconnected, disabled] = &mut states;
                *match place.state {
                    State::Connected => connected,
                    State::Disconnected => disconnected,
                    State::Disabled => disabled,
                } += 1;
            }
            let count = run.len() as f64;
            let spot = Spot {
                x: sum.x / count,
                y: sum.y / count,
            };
            let run = begin..begin + run.len();
            begin = run.end;
            let at = cell_at(spot, digits);
            Cell {
                at,
                spot,
                states,
                run,
            }
        };
        runs.map(cell).collect()
    }
}

/// The cell of a place, in a world of so many binary digits each way.
fn cell_at(spot: Spot, digits: u32) -> (u32, u32) {
    let cells = 1_u32 << digits;
    let along = |share: f64| ((share * f64::from(cells)) as u32).min(cells - 1);
    (along(spot.x), along(spot.y))
}

/// The neighbours of a cell.
fn around((x, y): (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    let steps = (-1..=1).flat_map(|across| (-1..=1).map(move |down| (across, down)));
    steps
        .filter(|step| *step != (0, 0))
        .filter_map(move |(across, down)| {
            Some((x.checked_add_signed(across)?, y.checked_add_signed(down)?))
        })
}

/// The place of a cell in the quadtree: its coordinates' digits by turns.
fn code((x, y): (u32, u32)) -> u64 {
    spread(x) | spread(y) << 1
}

/// Puts a zero before each digit.
fn spread(number: u32) -> u64 {
    let mut spread = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        spread = (spread | spread << shift) & mask;
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::map::mercator::project;
    use std::collections::HashSet;

    fn place(id: usize, north: f64, east: f64, state: State) -> Place {
        Place {
            id: format!("d{id}"),
            state,
            latitude: north,
            longitude: east,
            accuracy: None,
            reported: true,
            spot: project(north, east),
        }
    }

    /// Places all over the world, most of them in a few towns, the same ones each time.
    fn fleet(count: usize) -> Vec<Place> {
        let mut seed = 7_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let towns = [(59.9, 10.7), (37.5, 127.0), (-33.9, 151.2), (0.0, 179.99)];
        let one = |id: usize| {
            let (north, east, spread) = match towns.get(id % 6) {
                Some((north, east)) => (*north, *east, 0.5),
                None => (0.0, 0.0, 80.0),
            };
            let east = east + (random() - 0.5) * spread * 2.0;
            let state = match id % 5 {
                0 => State::Disconnected,
                1 => State::Disabled,
                _ => State::Connected,
            };
            place(
                id,
                north + (random() - 0.5) * spread,
                east.clamp(-180.0, 180.0),
                state,
            )
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_place_is_in_one_cluster_only() {
        let places = fleet(5_000);
        let ordered = Ordered::of(&places);
        for zoom in 0..=18 {
            let clusters = ordered.clusters(&places, zoom);
            let mut seen = HashSet::new();
            for cluster in &clusters {
                let members: Vec<usize> = cluster.members(&ordered).collect();
                assert_eq!(members.len(), cluster.count as usize);
                assert_eq!(cluster.states.iter().sum::<u32>(), cluster.count);
                let disabled = members
                    .iter()
                    .filter(|i| places[**i].state == State::Disabled);
                assert_eq!(disabled.count(), cluster.states[2] as usize);
                for member in members {
                    assert!(seen.insert(member), "{member} twice at {zoom}");
                }
            }
            assert_eq!(seen.len(), places.len());
        }
    }

    #[test]
    fn clusters_fall_apart_as_one_comes_nearer() {
        let places = fleet(5_000);
        let ordered = Ordered::of(&places);
        let counts: Vec<usize> = [0, 6, 12, 18]
            .map(|zoom| ordered.clusters(&places, zoom).len())
            .to_vec();
        assert!(counts.is_sorted());
        assert!(counts[0] < 20 && counts[3] > 4_500, "{counts:?}");
    }

    #[test]
    fn what_lies_close_behind_the_edge_of_a_cell_is_taken_along() {
        // The equator and Greenwich part cells at every zoom.
        let places = [
            place(0, 0.001, 0.001, State::Connected),
            place(1, -0.001, -0.001, State::Disconnected),
        ];
        let ordered = Ordered::of(&places);
        let [one] = &ordered.clusters(&places, 8)[..] else {
            panic!("two clusters for two places of one town");
        };
        assert!((one.spot.x - 0.5).abs() < 1e-9 && (one.spot.y - 0.5).abs() < 1e-9);
        assert_eq!(one.worst(), State::Disconnected);
        assert_eq!(ordered.clusters(&places, 18).len(), 2);
    }

    #[test]
    fn the_worst_state_is_told() {
        let of = |states: &[State]| {
            let places: Vec<Place> = states
                .iter()
                .map(|state| place(0, 1.0, 1.0, *state))
                .collect();
            let clusters = Ordered::of(&places).clusters(&places, 3);
            clusters[0].worst()
        };
        assert_eq!(of(&[State::Connected]), State::Connected);
        assert_eq!(
            of(&[State::Connected, State::Disconnected]),
            State::Disconnected
        );
        let all = [State::Disabled, State::Connected, State::Disconnected];
        assert_eq!(of(&all), State::Disabled);
    }

    #[test]
    fn nothing_makes_no_cluster() {
        assert!(Ordered::of(&[]).clusters(&[], 4).is_empty());
    }
}
