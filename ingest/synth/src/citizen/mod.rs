//! The citizen registers: seven of departments, three of civil registration, and the rows that people have in them.

mod clerk;
mod membership;
mod register;
mod registers;
mod stated;
mod writing;

pub(crate) use clerk::Clerk;
pub(crate) use membership::{Register as RegisterName, is_in};
pub(crate) use register::{Case, Keys, Register};
pub(crate) use registers::REGISTERS;
pub(crate) use stated::{Birth, DateForm, Stated};
pub(crate) use writing::{Hand, Part, write_aadhaar, write_mobile, write_name, write_place};
