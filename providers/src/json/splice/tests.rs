#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn edit(span: Range<usize>, with: &str) -> Edit {
    Edit { span, with: Cow::Owned(with.as_bytes().to_vec()) }
}

#[test]
fn edits_apply_in_any_order() {
    let body = Bytes::from_static(b"0123456789");
    let edits = [edit(8..9, ""), edit(0..1, "ab"), edit(10..10, "end"), edit(4..4, "-")];
    assert_eq!(splice(&body, edits), "ab123-45679end");
}

#[test]
fn careless_edits_do_not_panic() {
    let body = Bytes::from_static(b"0123456789");
    assert_eq!(splice(&body, [edit(2..6, "x"), edit(4..7, "y")]), "01xy789");
    assert_eq!(splice(&body, [edit(2..9, "x"), edit(4..5, "y")]), "01xy9");
    assert_eq!(splice(&body, [edit(20..30, "x")]), "x");
}

proptest! {
    #[test]
    fn no_edit_is_the_same_object(body in prop::collection::vec(any::<u8>(), 0..100)) {
        let body = Bytes::from(body);
        let same = splice(&body, []);
        prop_assert_eq!(same.as_ptr(), body.as_ptr());
        prop_assert_eq!(same, body);
    }

    #[test]
    fn one_edit_changes_only_its_span(
        before in prop::collection::vec(any::<u8>(), 0..50),
        gone in prop::collection::vec(any::<u8>(), 0..50),
        after in prop::collection::vec(any::<u8>(), 0..50),
        with in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let body = Bytes::from([before.clone(), gone.clone(), after.clone()].concat());
        let span = before.len()..before.len() + gone.len();
        let out = splice(&body, [Edit { span, with: Cow::Owned(with.clone()) }]);
        prop_assert_eq!(out, [before, with, after].concat());
    }
}
