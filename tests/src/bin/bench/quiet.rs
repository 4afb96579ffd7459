//! `world`: what ten minutes of a simulated world cost where nothing goes wrong, in small ones and in large ones.
//!
//! An engine asks each of its hosts every three seconds, and so does the simulated one: time costs what there are hosts that are asked. So there
//! are two figures. With a hundred times as many virtual machines on the same hosts, time must cost the same, since nothing happens to them. With
//! ten times as many hosts as well, the cost of one host for one second must not grow but for what a longer queue and colder caches cost.
//!
//! What happens comes on top: ten virtual machines are started. A start may cost ten times as much with ten times as many hosts (the scheduler and
//! the world's own watch look at each, the chosen host looks at all of its guests), and twice that for sorting and caches.

use std::time::Duration;

use engine_sim::world::{Begun, Command, SimTime, VmStatus, World, WorldSpec};

use crate::figure::{Figure, Stopwatch, median, median_ratio, said};
use crate::world::SITES;

/// The cost of a host for a second, with many idle virtual machines to with few.
const BOUND_OF_VMS: f64 = 1.5;
/// The same, with many hosts and virtual machines to with few.
const BOUND_OF_BOTH: f64 = 2.0;
/// The cost of one start, the same.
const BOUND_OF_A_START: f64 = 20.0;
/// After that all virtual machines have been looked at for the first time.
const BEGINNING: u64 = 60_000;
/// Ten minutes.
const TIME: u64 = 600_000;
const STARTS: u64 = 10;

/// A size of the world: hosts at each site, half of which are asked, and virtual machines.
#[derive(Clone, Copy)]
struct Size {
    hosts: usize,
    vms: usize,
}

const SMALL: Size = Size { hosts: 20, vms: 100 };
const EMPTY: Size = Size { hosts: 200, vms: 100 };
const LARGE: Size = Size { hosts: 200, vms: 10_000 };
/// So many small worlds have as many hosts as a large one: both are measured over the same work.
const AS_MANY: u32 = 10;

pub(crate) fn measure(quick: bool) -> Result<Vec<Figure>, String> {
    let repetitions = if quick { 5 } else { 21 };
    let (mut vms, mut both, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let mut took: [Vec<Duration>; 4] = Default::default();
    for seed in 1..=repetitions {
        let small = (0..u64::from(AS_MANY)).map(|more| Cost::of(SMALL, seed * 100 + more));
        let small = small.sum::<Result<Cost, String>>()?;
        let empty = Cost::of(EMPTY, seed)?;
        let large = Cost::of(LARGE, seed)?;
        vms.push(large.calm.as_secs_f64() / empty.calm.as_secs_f64());
        both.push(large.calm.as_secs_f64() / small.calm.as_secs_f64());
        starts.push(large.starts.as_secs_f64() / (small.starts / AS_MANY).as_secs_f64());
        for (kept, cost) in took.iter_mut().zip([small.calm, empty.calm, large.calm, large.starts]) {
            kept.push(cost);
        }
    }
    let [small, empty, large, start] = took.map(|costs| said(median(costs)));
    let ratio = |what: &str, other: Size, values, bound| {
        Figure::ratio(format!("{what}: {} to {}", size(LARGE), size(other)), median_ratio(values), bound)
    };
    Ok(vec![
        ratio("a host and second", EMPTY, vms, BOUND_OF_VMS).with_note(format!("ten minutes: {large} against {empty}")),
        ratio("a host and second", SMALL, both, BOUND_OF_BOTH)
            .with_note(format!("ten minutes: {large} against {small} for {AS_MANY} small worlds")),
        ratio("a start", SMALL, starts, BOUND_OF_A_START).with_note(format!("{start} for {STARTS} in the large world")),
    ])
}

fn size(size: Size) -> String {
    format!("{}h {}v", 2 * size.hosts, size.vms)
}

/// Processor time.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Ten minutes in which nothing happens.
    calm: Duration,
    /// The starts, until the last one is up.
    starts: Duration,
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), |sum, one| Cost { calm: sum.calm + one.calm, starts: sum.starts + one.starts })
    }
}

impl Cost {
    fn of(size: Size, seed: u64) -> Result<Cost, String> {
        let mut spec = WorldSpec::two_sites(SITES, size.hosts, size.vms, seed);
        let down: Vec<String> = spec.vms.iter().take(STARTS as usize).map(|vm| vm.name.clone()).collect();
        for vm in spec.vms.iter_mut().take(down.len()) {
            vm.host = None;
        }
        let mut world = World::new(&spec)?;
        let ids: Vec<_> = down.iter().filter_map(|name| world.vm_named(name).map(|vm| vm.id)).collect();
        world.advance_to(SimTime(BEGINNING));
        let watch = Stopwatch::start();
        world.advance_to(SimTime(BEGINNING + TIME));
        let calm = watch.cost().cpu;

        // One start a second; time without them is what it was before, so that it can be taken off.
        let begin = world.now.0;
        let span = 30_000;
        let watch = Stopwatch::start();
        for (second, vm) in (1..).zip(&ids) {
            world.advance_to(SimTime(begin + second * 1_000));
            let Begun::Answered(Ok(_)) = world.begin(Command::StartVm { vm: *vm }, "bench") else {
                return Err(format!("{vm} was not started"));
            };
        }
        world.advance_to(SimTime(begin + span));
        let all = watch.cost().cpu;
        if ids.iter().any(|id| world.vms.get(id).is_none_or(|vm| vm.status != VmStatus::Up)) {
            return Err("a virtual machine that was started is not up".to_owned());
        }
        let quiet = calm.mul_f64(span as f64 / TIME as f64);
        Ok(Cost { calm, starts: all.saturating_sub(quiet) })
    }
}
