//! How complete a search is: how many isolated points the candidates have come upon, and how many
//! more lie in the basins that they reach. Of regions without candidates, and of continua, which
//! have no number of points, this says nothing.

/// What the numbers of hits say of points that no candidate came upon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unseen {
    /// Points that were found.
    pub seen: usize,
    /// Of these, found by one candidate alone.
    pub once: usize,
    /// And by two.
    pub twice: usize,
    /// How many there are at least, seen and unseen: a lower bound, and a good guess where basins
    /// are alike.
    pub estimate: f64,
}

impl Unseen {
    /// From the number of candidates that came to each point.
    ///
    /// Source: Chao 1984, in the form without bias: S + f1 (f1 - 1) / (2 (f2 + 1))
    pub fn of(hits: &[usize]) -> Unseen {
        let found = |n: usize| hits.iter().filter(|hit| **hit == n).count();
        let seen = hits.len() - found(0);
        let (once, twice) = (found(1), found(2));
        let pairs = (once * once.saturating_sub(1)) as f64;
        Unseen {
            seen,
            once,
            twice,
            estimate: seen as f64 + pairs / (2.0 * (twice + 1) as f64),
        }
    }
}

/// The number of points that `m` of the candidates come upon, in the mean over all choices of
/// them, for each m of `sizes`.
///
/// Source: Hurlbert 1971, rarefaction
pub fn discovery(hits: &[usize], sizes: &[usize]) -> Vec<f64> {
    let all: usize = hits.iter().sum();
    let expected = |m: &usize| hits.iter().map(|hit| 1.0 - missed(all, *hit, *m)).sum();
    sizes.iter().map(expected).collect()
}

/// The chance that none of `m` of `all` candidates is one of `hit`: C(all - hit, m) / C(all, m).
fn missed(all: usize, hit: usize, m: usize) -> f64 {
    if m + hit > all {
        return 0.0;
    }
    let terms = (0..hit).map(|k| (all - m - k) as f64 / (all - k) as f64);
    terms.product()
}
