//! A budget has no room, and a cheaper model takes over.

use crate::support::provider::{all, arrived, simulate};
use crate::support::speak::{Answer, refused, request, said, send};
use crate::support::{Config, Gateway, Provider, ask, until};

const DEAR: &str = "gpt-4o";
const CHEAP: &str = "gpt-4o-mini";

/// Budgets of one request each, for the calls of a model, that another takes over from.
fn chain(pairs: &[(&str, &str)]) -> String {
    let budget = |(from, to): &(&str, &str)| {
        format!(
            "{{ name: {from}, match: {{ model: {from} }}, per: total, limit: 1 requests, \
             window: month, on_exceeded: {{ downgrade: {to} }} }}"
        )
    };
    let budgets: Vec<String> = pairs.iter().map(budget).collect();
    format!("budgets: [{}]", budgets.join(", "))
}

fn downgraded(answer: &Answer) -> Option<&str> {
    answer.header("x-egret-downgraded")
}

#[tokio::test]
async fn a_cheaper_model_takes_over_and_it_is_said() {
    for (cheap, index) in [(CHEAP, 0), ("claude-haiku-4-5", 1)] {
        for surface in Provider::ALL {
            for stream in [false, true] {
                let simulators = all().await;
                let config = Config::serving(&simulators.each_ref()).with(&chain(&[(DEAR, cheap)]));
                let gateway = Gateway::start(config).await;
                let first = ask(&gateway, surface, DEAR, "x", stream).await;
                assert_eq!((first.status, downgraded(&first)), (200, None), "{}", first.text);
                for _ in 0..2 {
                    let answer = ask(&gateway, surface, DEAR, "x", stream).await;
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    assert_eq!(downgraded(&answer), Some(&*format!("{DEAR} -> {cheap}")));
                    let text = said(surface, &answer, stream).unwrap();
                    assert!(text.starts_with(&format!("{cheap} here")), "{text}");
                }
                // Whoever asks for it is not kept from it, nor told anything.
                let direct = ask(&gateway, surface, cheap, "x", stream).await;
                assert_eq!((direct.status, downgraded(&direct)), (200, None));
                assert_eq!(arrived(&simulators[index]), if index == 0 { 4 } else { 3 });
                let metrics = gateway.settled().await;
                assert_eq!(metrics.count("egret_downgrades_total", &["budget=\"gpt-4o\""]), 2);
                assert_eq!(metrics.count("egret_denials_total", &[]), 0);
                assert_eq!(metrics.count("egret_failovers_total", &[]), 0, "no backend failed");
                assert_eq!(metrics.count("egret_budget_spent", &["budget=\"gpt-4o\""]), 1);
                let logged = format!(r#""downgraded":"{cheap}""#);
                let said = || async { gateway.output().matches(&logged).count() == 2 };
                until("the log says it of both", said).await;
            }
        }
    }
}

/// A caller gets no model this way that it may not ask for.
#[tokio::test]
async fn the_refusal_stands_where_the_caller_may_not_use_the_other_model() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::serving(&[&openai])
        .with(&chain(&[(DEAR, CHEAP)]))
        .caller("both", "key-both", "")
        .caller("one", "key-one", &format!("models: ['{DEAR}']"));
    let gateway = Gateway::start(config).await;
    let call = |key: &'static str| {
        let call = request(&gateway.client, &gateway, Provider::OpenAi, DEAR, "x", false);
        send(call.bearer_auth(key))
    };
    assert_eq!(call("key-one").await.status, 200);
    let answer = call("key-one").await;
    let message = refused(Provider::OpenAi, &answer, 429);
    assert!(message.contains("budget gpt-4o"), "{message}");
    assert_eq!(answer.json()["error"]["code"], "budget_exceeded");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(downgraded(&answer), None);
    assert_eq!(arrived(&openai), 1);
    let answer = call("key-both").await;
    assert_eq!((answer.status, downgraded(&answer)), (200, Some("gpt-4o -> gpt-4o-mini")));
}

/// Nor past another budget.
#[tokio::test]
async fn the_model_that_takes_over_is_held_to_its_own_budgets() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let budgets = chain(&[(DEAR, CHEAP)]);
    let budgets = budgets.strip_suffix(']').unwrap();
    let config = Config::serving(&[&openai]).with(&format!(
        "{budgets}, {{ name: all, per: total, limit: 3 requests, window: month }}]"
    ));
    let gateway = Gateway::start(config).await;
    for expected in [None, Some("gpt-4o -> gpt-4o-mini"), Some("gpt-4o -> gpt-4o-mini")] {
        let answer = ask(&gateway, Provider::OpenAi, DEAR, "x", false).await;
        assert_eq!((answer.status, downgraded(&answer)), (200, expected));
    }
    let answer = ask(&gateway, Provider::OpenAi, DEAR, "x", false).await;
    let message = refused(Provider::OpenAi, &answer, 429);
    assert!(message.contains("budget all"), "{message}");
    assert_eq!(arrived(&openai), 3);
    assert_eq!(gateway.settled().await.count("egret_budget_spent", &["budget=\"all\""]), 3);
}

#[tokio::test]
async fn one_may_follow_another_but_not_in_circles() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let models = ["gpt-4.1", DEAR, CHEAP];
    let pairs = [(models[0], models[1]), (models[1], models[2]), (models[2], models[0])];
    let config = Config::serving(&[&openai]).with(&chain(&pairs));
    let gateway = Gateway::start(config).await;
    for served in [None, Some(models[1]), Some(models[2])] {
        let answer = ask(&gateway, Provider::OpenAi, models[0], "x", false).await;
        let expected = served.map(|served| format!("{} -> {served}", models[0]));
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(downgraded(&answer), expected.as_deref());
    }
    let answer = ask(&gateway, Provider::OpenAi, models[0], "x", false).await;
    let message = refused(Provider::OpenAi, &answer, 429);
    assert!(message.contains("budget gpt-4.1"), "{message}");
    assert_eq!(arrived(&openai), 3);
}
