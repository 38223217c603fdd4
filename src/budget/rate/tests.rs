#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use super::*;

#[test]
fn rates_read_back_as_they_are_shown() {
    for text in ["10/second", "600/minute", "0/second"] {
        assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
    }
    for text in ["10", "10/hour", "-1/second", "1.5/second", "/second", "10/ minutes"] {
        let error = text.parse::<RateLimit>().expect_err(text).to_string();
        assert!(error.contains("10/second"), "{error}");
    }
}

#[test]
fn a_thousand_calls_at_once_are_let_through_up_to_the_limit() {
    let limiter = RateLimiter::new("10/minute".parse().unwrap());
    let admitted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..50 {
                    admitted.fetch_add(usize::from(limiter.admit("a").is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 10);
    assert!(limiter.admit("b").is_ok(), "another caller has its own");
}

#[test]
fn a_refusal_says_when_to_come_back_and_is_not_counted() {
    let limiter = RateLimiter::with_interval(5, Duration::from_millis(50));
    let started = Instant::now();
    let (mut admitted, mut refused) = (0, 0);
    while admitted < 20 {
        match limiter.admit("a") {
            Ok(()) => admitted += 1,
            Err(wait) => {
                assert!(wait > Duration::ZERO && wait <= Duration::from_millis(100), "{wait:?}");
                refused += 1;
                thread::sleep(wait);
            }
        }
    }
    assert!(refused > 0);
    // 20 calls at 5 in 50 ms need at least the 2 intervals that an estimate cannot hide.
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[test]
fn nothing_passes_a_rate_of_zero() {
    let limiter = RateLimiter::new("0/second".parse().unwrap());
    assert_eq!(limiter.admit("a"), Err(Duration::from_secs(1)));
}
