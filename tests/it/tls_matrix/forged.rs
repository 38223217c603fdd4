//! Places of revocation lists with somebody in between, who answers what he likes.

use rcgen::CertificateRevocationList;

use super::handshake::{Fetched, Field};
use crate::support::Config;
use crate::support::pki::{self, Ca, Pki};
use crate::support::tls_server::{BOTH, ListServer, Serves};
use crate::support::until;

const STANCES: [&str; 2] = [", stale: refuse", ", stale: accept"];

fn bundle(lists: &[CertificateRevocationList]) -> Vec<u8> {
    lists.iter().map(|list| list.pem().unwrap()).collect::<String>().into_bytes()
}

/// Good lists of CAs that nobody asks for.
fn strangers(count: usize) -> Vec<u8> {
    let lists = (0..count).map(|n| Ca::root(&format!("s{n}")).list(&[]));
    bundle(&lists.collect::<Vec<_>>())
}

#[tokio::test]
async fn a_forged_answer_at_the_start_lasts_until_the_next_one() {
    for more in STANCES {
        let at = Fetched::from(Pki::new(), strangers(40), BOTH, more).await;
        let missing = if more.contains("refuse") { Err("tls_crl_missing") } else { Ok(()) };
        assert_eq!(at.field.call("a").await, missing, "{more}");
        at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
        at.publish(&strangers(40)).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
        at.publish(at.pki.issuing.list(&[]).der()).await;
        at.field.serves("a").await;
    }
}

#[tokio::test]
async fn a_list_that_is_out_of_date_does_not_give_way_to_strangers() {
    for more in STANCES {
        let at = Fetched::from(Pki::new(), strangers(1), BOTH, more).await;
        let (soon, came_to, _) = at.publish_until_soon(&[at.serial]).await;
        assert_eq!(came_to, Err("tls_revoked"));
        until("the list is out of date", async || pki::now() > soon).await;
        at.publish(&strangers(32)).await;
        let refused = if more.contains("refuse") { "tls_crl_stale" } else { "tls_revoked" };
        assert_eq!(at.field.call("a").await, Err(refused), "{more}");
        at.publish(at.pki.issuing.list(&[]).der()).await;
        at.field.serves("a").await;
    }
}

/// The name of the CA, a newer date, and the signature of somebody else.
#[tokio::test]
async fn a_list_of_the_right_name_with_a_wrong_signature_stops_nothing_and_hides_nothing() {
    for more in STANCES {
        for forger in [Ca::root("issuing"), Ca::ed25519("issuing")] {
            let pki = Pki::new();
            let first = pki.issuing.list(&[]).der().to_vec();
            let at = Fetched::from(pki, first, BOTH, more).await;
            at.field.serves("a").await;
            let failures = at.failures();
            at.publish(forger.later_list(&[]).der()).await;
            at.field.serves("a").await;
            assert!(at.failures() > failures, "it is told");
            at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
            assert_eq!(at.field.call("a").await, Err("tls_revoked"));
            let both = [forger.later_list(&[]), at.pki.issuing.earlier_list(&[])];
            at.publish(&bundle(&both)).await;
            assert_eq!(at.field.call("a").await, Err("tls_revoked"));
            at.publish(at.pki.issuing.list(&[]).der()).await;
            at.field.serves("a").await;
        }
    }
}

/// Where nobody calls in between.
#[tokio::test]
async fn a_list_is_not_forgotten_before_the_next_handshake() {
    for more in STANCES {
        let pki = Pki::new();
        let first = pki.issuing.list(&[]).der().to_vec();
        let at = Fetched::from(pki, first, BOTH, more).await;
        at.field.serves("a").await;
        at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
        at.publish(&strangers(1)).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
    }
}

#[tokio::test]
async fn a_forged_list_alone_is_not_believed() {
    let forger = Ca::root("issuing");
    for (more, outcome) in [(STANCES[0], Err("tls_crl_invalid")), (STANCES[1], Ok(()))] {
        let first = forger.later_list(&[]).der().to_vec();
        let at = Fetched::from(Pki::new(), first, BOTH, more).await;
        assert_eq!(at.field.call("a").await, outcome, "{more}");
        assert_eq!(at.field.call("a").await, outcome, "{more}");
        at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
    }
}

#[tokio::test]
async fn of_two_lists_with_one_scope_in_an_answer_the_newer_one_counts() {
    let pki = Pki::new();
    let both = bundle(&[pki.issuing.later_list(&[]), pki.issuing.list(&[4711])]);
    let at = Fetched::from(pki, both, BOTH, "").await;
    at.field.serves("a").await;
    at.fetched(2).await;
    at.field.serves("a").await;
    let lists = at.lists();
    assert_eq!((lists.held, lists.failures), (1, 0));
}

#[tokio::test]
async fn one_list_of_the_future_does_not_keep_the_others_out() {
    let at = Fetched::from(Pki::new(), strangers(1), BOTH, "").await;
    let mixed = [at.pki.root.future_list(&[]), at.pki.issuing.list(&[at.serial])];
    at.publish(&bundle(&mixed)).await;
    assert_eq!(at.field.call("a").await, Err("tls_revoked"));
    assert!(at.failures() > 0, "it is told");
    at.publish(at.pki.issuing.list(&[]).der()).await;
    at.field.serves("a").await;
}

/// As public administrations have them.
#[tokio::test]
async fn a_place_may_have_the_lists_of_many_cas() {
    let pki = Pki::new();
    let mut many = strangers(40);
    many.extend(bundle(&[pki.issuing.list(&[])]));
    let at = Fetched::from(pki, many, BOTH, "").await;
    at.field.serves("a").await;
    let lists = at.lists();
    assert_eq!((lists.held, lists.failures), (41, 0));
}

#[tokio::test]
async fn a_list_that_its_place_has_no_more_is_not_watched_any_more() {
    let pki = Pki::new();
    let soon = pki::now() + 3;
    let both = bundle(&[pki.root.list_until(&[], soon), pki.issuing.list(&[])]);
    let at = Fetched::from(pki, both, BOTH, "").await;
    at.field.serves("a").await;
    assert_eq!(at.lists().held, 2);
    at.list.set(Some(at.pki.issuing.list(&[4711]).der()));
    // The next answer has it, and has been taken when another one is asked for.
    at.fetched(1).await;
    at.field.serves("a").await;
    until("the list is out of date", async || pki::now() > soon).await;
    let lists = at.lists();
    assert!(lists.held == 1 && lists.left > 0, "{lists:?}");
}

/// A CA that has a new key under its old name.
#[tokio::test]
async fn two_cas_of_one_name_are_told_apart_by_their_keys() {
    let pki = Pki::new();
    let next = pki.root.ca("issuing", |_| {});
    let (old_leaf, new_leaf) = (pki.issuing.leaf(&["localhost"]), next.leaf(&["localhost"]));
    let old = Serves::new(&old_leaf, &pki.issuing).start().await;
    let new = Serves::new(&new_leaf, &next).start().await;
    let list = ListServer::start(Some(pki.issuing.list(&[]).der())).await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    let tls =
        format!("ca: root.pem, crl: {{ urls: ['{}'], refresh: 1s, depth: leaf }}", list.url());
    let backends = [("old", &old), ("new", &new)]
        .map(|(name, server)| (name.to_owned(), "localhost", server.address.port(), tls.clone()));
    let field = Field::new(config, &backends);
    field.serves("old").await;
    assert_eq!(field.call("new").await, Err("tls_crl_invalid"));
    list.set(Some(next.later_list(&[]).der()));
    until("the new list counts", async || field.call("new").await == Ok(())).await;
    field.serves("old").await;
    list.set(Some(next.later_list(&[new_leaf.serial]).der()));
    until("it is revoked", async || field.call("new").await == Err("tls_revoked")).await;
    field.serves("old").await;
}
