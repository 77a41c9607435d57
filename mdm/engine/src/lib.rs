#![doc = include_str!("../README.md")]

pub mod matching;
pub mod model_guess;
pub mod standardize;
pub mod survivorship;
