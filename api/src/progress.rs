//! Progress of long work: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// One stage of long work, with its clock running.
pub struct Stage {
    name: String,
    bar: ProgressBar,
    output: Output,
    started: Instant,
}

impl Stage {
    /// Begins a stage of `total` steps; 0 when that is unknown.
    pub fn begin(output: &Output, name: impl Into<String>, total: u64) -> Self {
        let name = name.into();
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        bar.set_draw_target(if output.is_watched() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        let template = if total == 0 {
            "{spinner} {msg} {human_pos} {elapsed}"
        } else {
            "{msg:32} {bar:30} {human_pos}/{human_len} {eta}"
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is constant and tested"));
        bar.set_message(name.clone());
        Self { name, bar, output: output.clone(), started: Instant::now() }
    }

    /// Counts steps that are done.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Ends the stage with a word on what it did. Returns its seconds.
    pub fn end(self, done: &str) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        self.bar.finish_and_clear();
        self.output.progress(format_args!("{:<34} {seconds:>6.1} s  {done}", self.name));
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_stage_still_counts_its_seconds() {
        let stage = Stage::begin(&Output::silent(), "anything", 3);
        stage.advance(3);
        assert!(stage.end("done") >= 0.0);
    }
}
