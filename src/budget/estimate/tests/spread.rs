//! Quantiles that are kept in little memory.

use proptest::prelude::*;

use crate::budget::estimate::spread::Spread;

proptest! {
    /// A quantile is never below the real one, and above it by a fifth at most.
    #[test]
    fn a_quantile_is_known_to_a_fifth(
        mut values in prop::collection::vec(0..10_000_000_u64, 1..300),
        part in 0.01..1.0_f64,
    ) {
        let mut spread = Spread::default();
        values.iter().for_each(|value| spread.add(*value));
        values.sort_unstable();
        let place = (part * values.len() as f64).ceil() as usize - 1;
        let (real, known) = (values[place], spread.quantile(part));
        prop_assert!(real <= known, "{known} for {real}");
        prop_assert!(known as f64 <= (real + 1) as f64 * 1.2, "{known} for {real}");
    }

    #[test]
    fn any_value_is_counted(values in prop::collection::vec(any::<u64>(), 0..2000)) {
        let mut spread = Spread::default();
        values.iter().for_each(|value| spread.add(*value));
        prop_assert!(spread.count() <= 512);
        prop_assert_eq!(spread.count() == 0, values.is_empty());
        prop_assert!(spread.quantile(0.5) < 1 << 24);
    }
}

#[test]
fn nothing_has_no_quantile() {
    assert_eq!(Spread::default().quantile(0.95), 0);
}
