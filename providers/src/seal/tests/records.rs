//! What an envelope carries, both ways.

use proptest::prelude::*;

use super::super::record::{Kind, Record, read, write};

fn any_record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![
        Just(Kind::Thinking),
        Just(Kind::Redacted),
        Just(Kind::OnCall),
        Just(Kind::OnText)
    ];
    // As providers spell them: base64 of either alphabet, or neither.
    let token = prop_oneof!["[A-Za-z0-9+/]{0,40}={0,2}", "[A-Za-z0-9_-]{0,40}={0,2}", ".*"];
    use prop::option::of;
    (kind, any::<usize>(), of("rs_[0-9a-f]{1,8}"), of(".*"), of(token))
        .prop_map(|(kind, back, id, text, token)| Record { kind, back, id, text, token })
}

proptest! {
    #[test]
    fn records_come_back_to_the_byte(records in prop::collection::vec(any_record(), 0..5)) {
        prop_assert_eq!(read(&write(&records)), Some(records));
    }

    #[test]
    fn any_bytes_can_be_tried(bytes in any::<Vec<u8>>()) {
        if let Some(records) = read(&bytes) {
            prop_assert_eq!(read(&write(&records)), Some(records));
        }
    }
}

#[test]
fn base64_is_carried_as_bytes() {
    let record = |token: &str| Record::of(Kind::Thinking, Some(token.to_owned()));
    let carried = |token: &str| write(&[record(token)]).len() - 3;
    assert_eq!(carried("QUJDREVG"), 6);
    assert_eq!(carried("-_-_QUJD"), 6);
    // Not what encoding gives again.
    for odd in ["QUJDREV", "QR==", "EqQB sig", "QUJD\nREVG"] {
        assert_eq!(carried(odd), odd.len(), "{odd}");
    }
}
