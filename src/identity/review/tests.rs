//! How Kubernetes is asked while it is well, slow, and away. The clock is the test's own, and
//! nothing goes over a socket: a clock that has stopped would not wait for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use tokio::sync::mpsc;

use super::super::server::Posted;
use super::*;
use crate::fetch::Fetcher;

const SUBJECT: &str = "system:serviceaccount:shop:till";
const HOUR: Duration = Duration::from_secs(3600);

/// What the server does.
#[derive(Clone, Copy)]
enum Does {
    Says(u16),
    Hangs,
    Takes(Duration),
}

/// A review, and the server that it asks.
struct Asked {
    review: Arc<Review>,
    does: Arc<Mutex<Does>>,
    questions: Arc<AtomicUsize>,
}

impl Asked {
    /// Answers hold ten seconds, good ones an hour more.
    async fn new(does: Does) -> Self {
        let (stand_in, mut posted) = mpsc::unbounded_channel::<Posted>();
        let server = Server::new(Fetcher::new(None).unwrap(), None).with_stand_in(stand_in);
        let url = "http://kubernetes.test";
        let review = Arc::new(Review::new(url, server, 10 * SPACING, HOUR, [0; 32]));
        let (does, questions) = (Arc::new(Mutex::new(does)), Arc::new(AtomicUsize::new(0)));
        let (doing, counted) = (does.clone(), questions.clone());
        tokio::spawn(async move {
            while let Some((_, answer)) = posted.recv().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let does = *doing.lock().unwrap();
                tokio::spawn(async move {
                    let status = match does {
                        Does::Says(status) => status,
                        Does::Hangs => std::future::pending().await,
                        Does::Takes(time) => {
                            tokio::time::sleep(time).await;
                            201
                        }
                    };
                    let body = format!(
                        r#"{{"status":{{"authenticated":true,"audiences":["egret"],
                            "user":{{"username":"{SUBJECT}"}}}}}}"#
                    );
                    let _ = answer.send((StatusCode::from_u16(status).unwrap(), body.into()));
                });
            }
        });
        Self { review, does, questions }
    }

    fn does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// Whether this token is let in, and after how long.
    async fn ask(&self, token: u8) -> (bool, Duration) {
        let begun = Instant::now();
        let audiences = ["egret".to_owned()];
        let word = self.review.ask(&[token; 32], &[b'a' + token % 26], &audiences, SUBJECT).await;
        (word.is_ok_and(|word| word.counts.is_ok()), begun.elapsed())
    }
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// However many tokens come, and however often.
#[tokio::test(start_paused = true)]
async fn while_nobody_can_be_asked_one_question_a_second_finds_out() {
    let asked = Asked::new(Does::Says(500)).await;
    for number in 0..200 {
        assert!(!asked.ask(number).await.0);
        pass(Duration::from_millis(10)).await;
    }
    let questions = asked.questions();
    assert!((2..=4).contains(&questions), "{questions} questions in two seconds");
    asked.does(Does::Says(201));
    pass(SPACING).await;
    for number in 0..20 {
        assert!(asked.ask(number).await.0, "it can be asked again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_holds_up_no_caller_for_long() {
    let asked = Asked::new(Does::Says(201)).await;
    assert!(asked.ask(0).await.0);
    pass(11 * SPACING).await;
    asked.does(Does::Hangs);
    let (good, took) = asked.ask(0).await;
    assert!(good && took <= PATIENCE + SPACING, "{took:?}");
    // By now it is known, whoever asks, and however rarely.
    for _ in 0..20 {
        let (good, took) = asked.ask(0).await;
        assert!(good && took < 2 * SPACING, "{took:?}");
        pass(30 * SPACING).await;
    }
    // Of tokens of which nothing is known one finds out, and the others need not wait.
    let begun = Instant::now();
    let fresh = (1..100).map(|token| asked.ask(token));
    let answers = futures_util::future::join_all(fresh).await;
    assert!(answers.iter().all(|(good, took)| !good && *took <= PATIENCE), "{answers:?}");
    let waited = answers.iter().filter(|(_, took)| *took > SPACING).count();
    assert!(waited <= 1, "{waited} of them waited");
    assert!(begun.elapsed() <= PATIENCE);
    asked.does(Does::Says(201));
    pass(PATIENCE + SPACING).await;
    assert!(asked.ask(1).await.0);
    // The last question that hung is over, and what is said now counts.
    asked.does(Does::Says(500));
    let (good, _) = asked.ask(0).await;
    assert!(good, "it was renewed, or is stale");
}

/// The wait for one's turn and that for the answer are one.
#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_patience_whoever_asked_first() {
    let asked = Asked::new(Does::Hangs).await;
    let first = async {
        // It goes away.
        let _ = tokio::time::timeout(PATIENCE - SPACING, asked.ask(0)).await;
    };
    let second = async {
        pass(Duration::from_millis(100)).await;
        asked.ask(0).await
    };
    let ((), (good, took)) = tokio::join!(first, second);
    assert!(!good && took <= PATIENCE + SPACING / 10, "{took:?}");
    assert_eq!(asked.questions(), 1);
}

/// Many questions are no outage.
#[tokio::test(start_paused = true)]
async fn many_tokens_at_once_are_asked_about_one_after_the_other() {
    let asked = Asked::new(Does::Takes(SPACING)).await;
    let answers = futures_util::future::join_all((0..100).map(|token| asked.ask(token))).await;
    assert!(answers.iter().all(|(good, _)| *good), "{answers:?}");
    assert_eq!(asked.questions(), 100);
}

/// A token in use is asked about before its answer ends, so nobody waits for the next one.
#[tokio::test(start_paused = true)]
async fn an_answer_is_renewed_before_it_ends() {
    let asked = Asked::new(Does::Takes(SPACING)).await;
    assert!(asked.ask(0).await.0);
    for _ in 0..300 {
        pass(SPACING / 10).await;
        let (good, took) = asked.ask(0).await;
        assert!(good && took.is_zero(), "{took:?}");
    }
    assert!((3..=5).contains(&asked.questions()), "{} questions", asked.questions());
}
