//! Migrations are embedded: a changed one rebuilds the crate.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
