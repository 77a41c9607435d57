//! Passwords and the chance they are made of.

/// The operating system's chance: for passwords and keys.
pub fn os_rng() -> impl rand::CryptoRng + Send {
    use rand::SeedableRng as _;
    rand::rngs::StdRng::from_os_rng()
}

/// Four groups of five letters and digits, about 99 bits; none that look alike.
pub fn new_password() -> String {
    use rand::Rng as _;
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut rng = os_rng();
    let mut groups = Vec::with_capacity(4);
    for _ in 0..4 {
        let group: String = (0..5).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect();
        groups.push(group);
    }
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_four_groups_and_is_never_the_same() {
        let password = new_password();
        let groups: Vec<usize> = password.split('-').map(str::len).collect();
        assert_eq!(groups, [5, 5, 5, 5]);
        assert_ne!(password, new_password());
    }
}
