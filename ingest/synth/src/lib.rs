//! kanak-synth.
