//! How often one address may try to sign in, whatever the name. How long a name waits there after wrong passwords stands in the hub; this
//! holds for all names together, and spares the server the work of checking passwords.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failed attempts that an address has at hand.
const ATTEMPTS_MAX: f64 = 20.0;
/// How long it takes until one more is at hand.
const REFILL: Duration = Duration::from_secs(15);
/// Addresses that are kept in mind. When so many try at once, all others share one allowance.
const ADDRESSES_MAX: usize = 10_000;

/// Attempts by address: a bucket of tokens each, bounded in number.
#[derive(Debug)]
pub struct Attempts {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    at_most: f64,
    refill: Duration,
}

impl Default for Attempts {
    /// Those to sign in.
    fn default() -> Self {
        Self::new(ATTEMPTS_MAX, REFILL)
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// Where those are counted for whom there is no room.
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

impl Attempts {
    /// So many at hand of an address that was quiet, and one more each time that so much has passed.
    pub fn new(at_most: f64, refill: Duration) -> Self {
        Self { buckets: Mutex::default(), at_most, refill }
    }

    fn full(&self, at: Instant) -> Bucket {
        Bucket { left: self.at_most, at }
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> Bucket {
        let more = now.saturating_duration_since(bucket.at).as_secs_f64() / self.refill.as_secs_f64();
        Bucket { left: (bucket.left + more).min(self.at_most), at: now }
    }

    /// Takes one attempt from an address, before what it asks for is done; `false` when it has none left.
    pub fn take(&self, address: IpAddr, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network_of(address);
        if !buckets.contains_key(&key) && buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, bucket| self.refilled(*bucket, now).left < self.at_most);
            if buckets.len() >= ADDRESSES_MAX {
                key = OTHERS;
            }
        }
        let bucket = buckets.entry(key).or_insert_with(|| self.full(now));
        *bucket = self.refilled(*bucket, now);
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }

    /// Gives the attempt back: the password was right.
    pub fn give_back(&self, address: IpAddr) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&network_of(address)) {
            bucket.left = (bucket.left + 1.0).min(self.at_most);
        }
    }
}

/// An IPv6 subscriber holds a /64: its addresses count as one.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    fn exhaust(attempts: &Attempts, address: IpAddr, now: Instant) -> usize {
        (0..1000).take_while(|_| attempts.take(address, now)).count()
    }

    #[test]
    fn an_address_has_so_many_attempts_and_gets_them_back_with_time() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        assert_eq!(exhaust(&attempts, v4(1), now), 20);
        assert!(!attempts.take(v4(1), now + REFILL / 2));
        assert!(attempts.take(v4(2), now), "another address has its own");
        assert_eq!(exhaust(&attempts, v4(1), now + REFILL * 3), 3);
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..100 {
            assert!(attempts.take(v4(1), now));
            attempts.give_back(v4(1));
        }
    }

    #[test]
    fn a_subscribers_many_v6_addresses_count_as_one_and_a_mapped_v4_as_itself() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::9"), network("2001:db8:1:2::1"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }

    #[test]
    fn memory_is_bounded_and_those_without_a_place_share_one() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..ADDRESSES_MAX as u32 {
            attempts.take(v4(number), now);
        }
        let shared = (0..1000).filter(|number| attempts.take(v4(20_000_000 + number), now)).count();
        assert_eq!(shared, 20);
        assert!(attempts.buckets.lock().unwrap().len() <= ADDRESSES_MAX + 1);
        assert!(attempts.take(v4(30_000_000), now + REFILL * 2), "forgotten once they have all attempts again");
        assert!(attempts.buckets.lock().unwrap().len() < 100);
    }
}
