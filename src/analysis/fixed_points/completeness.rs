//! Completeness of a search: the number of isolated points found, and an estimate of the number in
//! the basins that the candidates reach. The estimate covers neither regions without candidates nor
//! continua, which contain infinitely many points.

/// An estimate of the number of points from the number of hits per point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountEstimate {
    /// Number of points found.
    pub observed: usize,
    /// Number of points found by exactly one candidate.
    pub singletons: usize,
    /// Number of points found by exactly two candidates.
    pub doubletons: usize,
    /// Lower bound on the total number of points, found and missing; a good estimate if the basins
    /// are of similar size.
    pub estimate: f64,
}

impl CountEstimate {
    /// The estimate from the number of candidates that found each point.
    ///
    /// Source: Chao 1984, in the bias-corrected form: S + f1 (f1 - 1) / (2 (f2 + 1))
    pub fn new(hits: &[usize]) -> CountEstimate {
        let found_by = |n: usize| hits.iter().filter(|hit| **hit == n).count();
        let observed = hits.len() - found_by(0);
        let (singletons, doubletons) = (found_by(1), found_by(2));
        let pairs = (singletons * singletons.saturating_sub(1)) as f64;
        CountEstimate {
            observed,
            singletons,
            doubletons,
            estimate: observed as f64 + pairs / (2.0 * (doubletons + 1) as f64),
        }
    }
}

/// The expected number of points found by a random subset of `m` candidates, for each m of `sizes`.
///
/// Source: Hurlbert 1971, rarefaction
pub fn discovery_curve(hits: &[usize], sizes: &[usize]) -> Vec<f64> {
    let all: usize = hits.iter().sum();
    let expected = |m: &usize| {
        hits.iter()
            .map(|hit| 1.0 - miss_probability(all, *hit, *m))
            .sum()
    };
    sizes.iter().map(expected).collect()
}

/// The probability that a random subset of `m` of `all` candidates contains none of the `hit`
/// candidates: C(all - hit, m) / C(all, m).
fn miss_probability(all: usize, hit: usize, m: usize) -> f64 {
    if m + hit > all {
        return 0.0;
    }
    let terms = (0..hit).map(|k| (all - m - k) as f64 / (all - k) as f64);
    terms.product()
}
