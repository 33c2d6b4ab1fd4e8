//! FORCE training in segments: a network that is saved and loaded after each pass must equal a
//! network that was trained with all passes in one call, bit for bit.

use std::path::Path;

use attractor::base::{NoProgress, Outcome};
use attractor::models::force::{Network, NetworkOptions, TrainingOptions};
use fastrand::Rng;

use super::reload::{difference, reload};

const UNITS: [usize; 6] = [16, 17, 32, 100, 200, 500];
const FORGETTING: [f64; 2] = [1.0, 0.99];
const MAX_STEPS: usize = 600;
const PASSES: usize = 10;

/// One combination of sizes.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    units: usize,
    forgetting: f64,
    steps: usize,
}

/// All cases in random order.
pub fn cases(seed: u64) -> Vec<Case> {
    let mut cases = Vec::with_capacity(UNITS.len() * FORGETTING.len() * MAX_STEPS);
    for units in UNITS {
        for forgetting in FORGETTING {
            cases.extend((1..=MAX_STEPS).map(|steps| Case {
                units,
                forgetting,
                steps,
            }));
        }
    }
    Rng::with_seed(seed).shuffle(&mut cases);
    cases
}

impl Case {
    /// Trains 1 to 10 passes, in separate calls and in one call. Returns a description of the first
    /// difference.
    pub fn check(self, folder: &Path) -> Option<String> {
        let mut split = self.network();
        for passes in 1..=PASSES {
            let outcome = self.train(&mut split, 1);
            split = reload(&split, folder);
            let mut single = self.network();
            let expected = self.train(&mut single, passes);
            let has_ended = [outcome, expected].map(|end| end != Outcome::MaxSteps);
            if has_ended[0] != has_ended[1] {
                return Some(format!(
                    "pass {passes}: {outcome:?} and {expected:?} in one call"
                ));
            }
            if let Some(part) = difference(&split, &single) {
                return Some(format!("{part} differs after pass {passes}"));
            }
            if has_ended[0] {
                break;
            }
        }
        None
    }

    fn network(self) -> Network<f32> {
        let config = NetworkOptions {
            units: self.units,
            outputs: 2,
            seed: 3.into(),
            ..NetworkOptions::default()
        };
        config.build().expect("sizes within the limits")
    }

    fn train(self, network: &mut Network<f32>, epochs: usize) -> Outcome {
        let options = TrainingOptions {
            epochs,
            forgetting: self.forgetting,
            ..TrainingOptions::default()
        };
        let target = |k: usize| {
            let phase = std::f32::consts::TAU * k as f32 / 100.0;
            [phase.sin(), 0.5 * (2.0 * phase).cos()]
        };
        let targets: Vec<f32> = (0..self.steps).flat_map(target).collect();
        let inputs = vec![0.0; self.steps];
        network
            .train([&inputs, &targets], &options, &mut NoProgress)
            .outcome
    }
}
