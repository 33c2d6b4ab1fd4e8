//! Time series: synthetic signals, spike counts, and measures of goodness of fit.

pub mod metrics;
pub mod spikes;
pub mod waveforms;
