#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CrlDistributionPoint, CrlIssuingDistributionPoint, DnType, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PublicKeyData, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;

use super::{Issuer, Lists, Unfit};
use crate::snapshot::RevocationList;

/// The start of 2026, and a day.
const START: i64 = 1_767_225_600;
const DAY: i64 = 24 * 60 * 60;
/// All that is made here has been made, and some of it is out of date.
const NOW: i64 = START + 20 * DAY;
/// More than is needed.
const ROOM: usize = 1 << 20;

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn new(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn of(name: &str) -> Self {
        Self::new(name, KeyPair::generate().unwrap())
    }

    /// Its list of a day of January, good for a week; for everything, or for one place.
    fn list(&self, day: u8, place: Option<&str>) -> Vec<u8> {
        let point = place.map(|uri| CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec![uri.to_owned()] },
            scope: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, day),
            next_update: date_time_ymd(2026, 1, day + 7),
            crl_number: u64::from(day).into(),
            issuing_distribution_point: point,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.0).unwrap().der().to_vec()
    }

    fn issuer(&self) -> Arc<Issuer> {
        let named = read(&self.list(1, None));
        let key = SubjectPublicKeyInfoDer::from(self.0.key().subject_public_key_info());
        Arc::new(Issuer::new(named.scope().0, key))
    }
}

fn read(der: &[u8]) -> RevocationList {
    RevocationList::read(der).unwrap().remove(0)
}

fn answer(lists: &[&Vec<u8>]) -> Vec<RevocationList> {
    lists.iter().map(|der| read(der)).collect()
}

/// Takes an answer as a place does; whether something of it was taken.
fn take(lists: &mut Lists, given: &[&Vec<u8>]) -> Result<bool, Unfit> {
    let taken = lists.take(answer(given), NOW, ROOM)?;
    *lists = taken.lists;
    Ok(taken.changed)
}

/// When the list was made that counts for an issuer.
fn counts(lists: &Lists, issuer: &Arc<Issuer>) -> Option<i64> {
    lists.signed_by(issuer).lists.iter().map(|list| list.this_update()).max()
}

fn made(day: u8) -> i64 {
    START + (i64::from(day) - 1) * DAY
}

#[test]
fn a_list_is_its_issuers_only_if_that_has_signed_it() {
    let (ca, other) = (Ca::of("ca"), Ca::of("ca"));
    let edwards = Ca::new("ca", KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let mut lists = Lists::default();
    for (signer, judge) in [(&other, &ca), (&edwards, &ca), (&ca, &edwards)] {
        take(&mut lists, &[&signer.list(3, None)]).unwrap();
        let first = lists.signed_by(&judge.issuer());
        assert!(first.lists.is_empty() && first.others && first.news);
        let second = lists.signed_by(&judge.issuer());
        assert!(second.lists.is_empty() && second.others && !second.news, "once is enough");
        assert_eq!(counts(&lists, &signer.issuer()), Some(made(3)));
        let late = lists.signed_by(&judge.issuer());
        assert!(late.lists.is_empty() && late.others && !late.news, "it is somebody else's");
        lists = Lists::default();
    }
    let stranger = Ca::of("stranger");
    take(&mut lists, &[&stranger.list(3, None)]).unwrap();
    let signed = lists.signed_by(&ca.issuer());
    assert!(signed.lists.is_empty() && !signed.others, "it is in another name");
    // A byte of it that is another.
    let mut spoilt = ca.list(3, None);
    *spoilt.last_mut().unwrap() ^= 1;
    take(&mut lists, &[&spoilt]).unwrap();
    assert_eq!(counts(&lists, &ca.issuer()), None);
}

#[test]
fn two_lists_of_one_scope_make_one() {
    let ca = Ca::of("ca");
    let both = [&ca.list(2, None), &ca.list(3, None)];
    let mut lists = Lists::default();
    assert_eq!(take(&mut lists, &both), Ok(true));
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(3)));
    assert_eq!(take(&mut lists, &both), Ok(false), "the same again");
    assert_eq!(lists.all().count(), 1);
}

#[test]
fn what_is_early_or_older_is_unfit_and_the_rest_is_not() {
    let (ca, other) = (Ca::of("ca"), Ca::of("other"));
    let mut lists = Lists::default();
    let early = ca.list(22, None);
    assert_eq!(take(&mut lists, &[&early]), Err(Unfit::Early));
    let taken = lists.take(answer(&[&early, &other.list(2, None)]), NOW, ROOM).ok().unwrap();
    assert_eq!((taken.changed, taken.unfit), (true, Some(Unfit::Early)));
    assert_eq!(counts(&taken.lists, &other.issuer()), Some(made(2)));

    take(&mut lists, &[&ca.list(3, None)]).unwrap();
    assert_eq!(take(&mut lists, &[&ca.list(2, None)]), Ok(true), "nobody has proved it");
    take(&mut lists, &[&ca.list(3, None)]).unwrap();
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(3)));
    assert_eq!(take(&mut lists, &[&ca.list(2, None)]), Err(Unfit::Older));
    let taken =
        lists.take(answer(&[&ca.list(2, None), &other.list(2, None)]), NOW, ROOM).ok().unwrap();
    assert_eq!(taken.unfit, Some(Unfit::Older));
    assert_eq!(counts(&taken.lists, &ca.issuer()), Some(made(3)));
    assert_eq!(taken.lists.present().count(), 2, "there still is one of its scope");
}

#[test]
fn a_proved_list_stays_and_goes_when_the_next_one_is_proved() {
    let (ca, stranger) = (Ca::of("ca"), Ca::of("stranger"));
    let mut lists = Lists::default();
    take(&mut lists, &[&ca.list(2, None)]).unwrap();
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(2)));
    take(&mut lists, &[&stranger.list(3, None)]).unwrap();
    assert_eq!((lists.all().count(), lists.present().count()), (2, 1));
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(2)));
    // What came in between, and was not proved, is forgotten.
    let next = ca.list(4, None);
    assert_eq!(take(&mut lists, &[&next]), Ok(true));
    assert_eq!((lists.all().count(), lists.present().count()), (2, 2));
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(4)));
    assert_eq!(take(&mut lists, &[&next]), Ok(false), "it stood for the old one already");
    assert_eq!(lists.all().count(), 1);
}

#[test]
fn whose_key_is_known_need_not_wait_for_a_handshake() {
    let (ca, forger, stranger) = (Ca::of("ca"), Ca::of("ca"), Ca::of("stranger"));
    let mut lists = Lists::default();
    take(&mut lists, &[&ca.list(2, None)]).unwrap();
    assert_eq!(counts(&lists, &ca.issuer()), Some(made(2)));
    take(&mut lists, &[&ca.list(3, None)]).unwrap();
    take(&mut lists, &[&stranger.list(4, None)]).unwrap();
    let later = forger.list(4, None);
    let forged = lists.take(answer(&[&later]), NOW, ROOM).ok().unwrap();
    assert_eq!(forged.unfit, Some(Unfit::Forged));
    let again = forged.lists.take(answer(&[&later]), NOW, ROOM).ok().unwrap();
    assert_eq!((again.changed, again.unfit), (false, None), "once is enough");
    assert_eq!(counts(&again.lists, &ca.issuer()), Some(made(3)));
    // A new key of its issuer, as soon as somebody shows a certificate of it.
    assert_eq!(counts(&again.lists, &forger.issuer()), Some(made(4)));
    let both = again.lists.take(answer(&[&forger.list(5, None)]), NOW, ROOM).ok().unwrap();
    assert_eq!((both.changed, both.unfit), (true, None));
    assert_eq!(counts(&both.lists, &ca.issuer()), Some(made(3)));
}

#[test]
fn who_looks_for_a_signature_gives_up_after_some_and_goes_on_the_next_time() {
    let (ca, forger) = (Ca::of("ca"), Ca::of("ca"));
    let place = |n: usize| format!("http://ca.example/{n}");
    let forged: Vec<_> = (0..20).map(|n| forger.list(3, Some(&place(n)))).collect();
    let mut all: Vec<_> = forged.iter().collect();
    let last = ca.list(3, Some(&place(99)));
    all.push(&last);
    let mut lists = Lists::default();
    take(&mut lists, &all).unwrap();
    let issuer = ca.issuer();
    assert_eq!(counts(&lists, &issuer), None);
    assert_eq!(counts(&lists, &issuer), None);
    assert_eq!(counts(&lists, &issuer), Some(made(3)));
    assert!(!lists.signed_by(&issuer).news, "all are known by now");
}

#[test]
fn what_is_held_beside_an_answer_has_a_bound() {
    let (ca, stranger) = (Ca::of("ca"), Ca::of("stranger").list(3, None));
    let place = |n: u8| format!("http://ca.example/{n}");
    let given: Vec<_> = (1..=5).map(|n| ca.list(n, Some(&place(n)))).collect();
    let mut lists = Lists::default();
    take(&mut lists, &given.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(lists.signed_by(&ca.issuer()).lists.len(), 5);
    let room = given[4].len() + given[3].len();
    let taken = lists.take(answer(&[&stranger]), NOW, room).ok().unwrap();
    let mut kept: Vec<_> = taken.lists.signed_by(&ca.issuer()).lists;
    kept.sort_by_key(|list| list.this_update());
    let made_on: Vec<_> = kept.iter().map(|list| list.this_update()).collect();
    assert_eq!(made_on, [made(4), made(5)], "the newest");
}

/// What the property is about: one CA that is asked for, and others who also answer.
struct World {
    ca: Arc<Issuer>,
    /// By whom a list is, and its day: honest ones for everything and for one place, some with the
    /// CA's name and another key, and a stranger's.
    lists: Vec<(bool, Vec<u8>)>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (ca, forger, stranger) = (Ca::of("ca"), Ca::of("ca"), Ca::of("stranger"));
    let mut lists = Vec::new();
    for day in 1..=6 {
        lists.push((true, ca.list(day, None)));
        lists.push((false, forger.list(day + 2, None)));
        lists.push((false, forger.list(day, Some("http://ca.example/a"))));
        lists.push((false, stranger.list(day, None)));
    }
    World { ca: ca.issuer(), lists }
});

#[derive(Clone, Debug)]
enum Step {
    Answer(Vec<usize>),
    Handshake,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answer = proptest::collection::vec(0..WORLD.lists.len(), 1..6).prop_map(Step::Answer);
    proptest::collection::vec(prop_oneof![answer, Just(Step::Handshake)], 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes in whatever order.
    #[test]
    fn what_is_proved_never_gives_way_to_what_is_forged(steps in steps()) {
        let World { ca, lists: all } = &*WORLD;
        let honest: Vec<[u8; 32]> =
            all.iter().filter(|(honest, _)| *honest).map(|(_, der)| *read(der).digest()).collect();
        let mut lists = Lists::default();
        let mut proved = None;
        let mut last: Option<i64> = None;
        for step in steps {
            match step {
                Step::Answer(numbers) => {
                    let given: Vec<_> = numbers.iter().map(|n| &all[*n].1).collect();
                    let taken = take(&mut lists, &given).is_ok();
                    let own = numbers.iter().filter(|n| all[**n].0);
                    let own = own.map(|n| read(&all[*n].1).this_update()).max();
                    // One of the forger's in the same answer and scope, and newer, stands for it: who
                    // answers so could as well say nothing.
                    let hidden = numbers.iter().any(|n| {
                        let list = read(&all[*n].1);
                        let (name, point) = list.scope();
                        !all[*n].0 && name == ca.name && point.is_none()
                            && Some(list.this_update()) >= own
                    });
                    if taken {
                        prop_assert!(lists.all().count() <= given.len() + 1, "and what is proved");
                        last = own.filter(|_| !hidden);
                        // Its key is known.
                        if proved.is_some() {
                            proved = proved.max(last);
                        }
                    }
                }
                Step::Handshake => {
                    let signed = lists.signed_by(ca);
                    prop_assert!(signed.lists.iter().all(|list| honest.contains(list.digest())));
                    let counting = signed.lists.iter().map(|list| list.this_update()).max();
                    prop_assert!(counting >= proved, "{counting:?} for {proved:?}");
                    prop_assert!(counting >= last, "{counting:?} after {last:?}");
                    proved = counting;
                }
            }
        }
        // And the honest one at the end counts, if it is not older.
        let newest = &all.iter().rfind(|(honest, _)| *honest).unwrap().1;
        let _ = take(&mut lists, &[newest]);
        prop_assert_eq!(counts(&lists, ca), Some(read(newest).this_update()));
    }
}
