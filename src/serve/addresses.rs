//! How many connections each client address has open, on all cores. Looked at when a connection begins and ends, never
//! for a request.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Parts that are locked apart.
const PARTS: usize = 16;

/// Connections by who has them.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    parts: [Mutex<HashMap<Subscriber, usize>>; PARTS],
}

/// An IPv4 address, or the /64 an IPv6 address is in: one subscriber has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subscriber {
    V4(u32),
    V6(u64),
}

/// A connection's place in the count. Dropping it gives the place up.
#[derive(Debug)]
pub(super) struct Held {
    addresses: Arc<Addresses>,
    subscriber: Subscriber,
}

impl Addresses {
    /// One more of `address`; `None` when there are `limit` already.
    pub(super) fn hold(self: &Arc<Self>, address: IpAddr, limit: usize) -> Option<Held> {
        let subscriber = Subscriber::of(address);
        let mut part = self.part(subscriber).lock().unwrap_or_else(PoisonError::into_inner);
        let open = part.entry(subscriber).or_default();
        if *open >= limit {
            return None;
        }
        *open += 1;
        Some(Held { addresses: Arc::clone(self), subscriber })
    }

    fn part(&self, subscriber: Subscriber) -> &Mutex<HashMap<Subscriber, usize>> {
        let bits = match subscriber {
            Subscriber::V4(bits) => u64::from(bits),
            Subscriber::V6(bits) => bits,
        };
        // Neighbours differ in their last bits.
        &self.parts[usize::try_from(bits % PARTS as u64).unwrap_or(0)]
    }
}

impl Subscriber {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut part = self.addresses.part(self.subscriber).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = part.get_mut(&self.subscriber) {
            *open -= 1;
            if *open == 0 {
                part.remove(&self.subscriber);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subscriber_has_a_limit() {
        let addresses = Arc::new(Addresses::default());
        let hold = |address: &str| addresses.hold(address.parse().unwrap(), 2);
        let _first = hold("192.0.2.1").unwrap();
        let second = hold("::ffff:192.0.2.1").unwrap();
        assert!(hold("192.0.2.1").is_none());
        let _other = hold("192.0.2.2").unwrap();
        drop(second);
        assert!(hold("192.0.2.1").is_some());
        let _in_one_network = [hold("2001:db8::1").unwrap(), hold("2001:db8::ffff:1").unwrap()];
        assert!(hold("2001:db8:0:0:1::").is_none());
        assert!(hold("2001:db8:0:1::").is_some());
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let addresses = Arc::new(Addresses::default());
        for last in 0..100 {
            drop(addresses.hold(IpAddr::from([192, 0, 2, last]), 1));
        }
        assert!(addresses.parts.iter().all(|part| part.lock().unwrap().is_empty()));
    }
}
