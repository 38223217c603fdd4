use serde_json::{Value, json};

use super::super::Provider;
use super::{bench, unpacked};

const PATH: &str = "/v1/embeddings";

fn vector(json: &Value) -> Vec<f32> {
    json.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// The floats of a packed vector.
fn floats(base64: &str) -> Vec<f32> {
    let bytes = unpacked(base64);
    bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

#[tokio::test]
async fn openai_embeds_texts_and_tokens_in_both_encodings() {
    let bench = bench(Provider::OpenAi).await;
    let ask = |input: Value| json!({"model": "text-embedding-3-small", "input": input});
    let (status, body) = bench.ask(PATH, ask(json!(["hello", "world!"]))).await;
    assert_eq!(status, 200, "{body}");
    let data = body["data"].as_array().unwrap();
    assert_eq!(
        (data.len(), &data[1]["index"], &body["usage"]),
        (2, &json!(1), &json!({"prompt_tokens": 4, "total_tokens": 4}))
    );
    let hello = vector(&data[0]["embedding"]);
    assert_eq!(hello.len(), 1536);
    assert!((hello.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-3);
    assert_ne!(hello, vector(&data[1]["embedding"]));

    let mut packed = ask(json!("hello"));
    packed["encoding_format"] = json!("base64");
    let (_, body) = bench.ask(PATH, packed).await;
    assert_eq!(floats(body["data"][0]["embedding"].as_str().unwrap()), hello);
    let mut short = ask(json!("hello"));
    short["dimensions"] = json!(4);
    let short = vector(&bench.ask(PATH, short).await.1["data"][0]["embedding"]);
    assert_eq!(short.len(), 4);
    assert!((short[0] / short[1] - hello[0] / hello[1]).abs() < 1e-3);

    assert_eq!(bench.ask(PATH, ask(json!([1, 2, 3]))).await.1["usage"]["prompt_tokens"], 3);
    assert_eq!(
        bench.ask(PATH, ask(json!([[1, 2], [3]]))).await.1["data"].as_array().unwrap().len(),
        2
    );
    assert_eq!(bench.simulator.bill().read()["text-embedding-3-small"].output, 0);
}

#[tokio::test]
async fn openai_refuses_what_it_cannot_embed() {
    let bench = bench(Provider::OpenAi).await;
    let ada = "text-embedding-ada-002";
    for (body, status) in [
        (json!({"model": ada}), 400),
        (json!({"model": ada, "input": ""}), 400),
        (json!({"model": ada, "input": []}), 400),
        (json!({"model": ada, "input": ["x", ""]}), 400),
        (json!({"model": ada, "input": ["x", 1]}), 400),
        (json!({"model": ada, "input": [0.5]}), 400),
        (json!({"model": ada, "input": "x", "dimensions": 8}), 400),
        (json!({"model": ada, "input": "x", "input_type": "query"}), 400),
        (json!({"model": "text-embedding-3-small", "input": "x", "dimensions": 2000}), 400),
        (json!({"model": "gpt-4o-mini", "input": "x"}), 403),
        (json!({"model": "nobody", "input": "x"}), 404),
        (json!({"model": ada, "input": "[[status 503]]"}), 503),
    ] {
        assert_eq!(bench.ask(PATH, &body).await.0, status, "{body}");
    }
    let chat = json!({"model": ada, "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(bench.ask("/v1/chat/completions", chat).await.0, 404);
    assert_eq!(bench.simulator.bill().total().requests, 0);
}

#[tokio::test]
async fn gemini_embeds_one_and_many() {
    let bench = bench(Provider::Gemini).await;
    let content = |text: &str| json!({"parts": [{"text": text}]});
    let old = "/v1beta/models/gemini-embedding-001";
    let (status, one) = bench
        .ask(
            &format!("{old}:embedContent"),
            json!({"content": content("hello"), "taskType": "CLUSTERING"}),
        )
        .await;
    assert_eq!(status, 200, "{one}");
    assert_eq!(vector(&one["embedding"]["values"]).len(), 3072);
    let request =
        |text: &str| json!({"model": "models/gemini-embedding-001", "content": content(text)});
    let (_, many) = bench
        .ask(
            &format!("{old}:batchEmbedContents"),
            json!({"requests": [request("hello"), request("x")]}),
        )
        .await;
    assert_eq!(many["embeddings"][0], one["embedding"]);
    assert_eq!(many.get("usageMetadata"), None);

    let new = "/v1/models/gemini-embedding-2";
    let snake = json!({"content": {"parts": [{"text": "see"}, {"inline_data": {"mime_type": "image/png", "data": super::PNG}}]}, "output_dimensionality": 768});
    let (_, body) = bench.ask(&format!("{new}:embedContent"), &snake).await;
    assert_eq!(
        (vector(&body["embedding"]["values"]).len(), &body["usageMetadata"]["promptTokenCount"]),
        (768, &json!(86))
    );

    for (path, body, status) in [
        (format!("{old}:embedContent"), snake, 400),
        (format!("{old}:embedContent"), json!({"content": content("x"), "input": "x"}), 400),
        (format!("{old}:batchEmbedContents"), json!({"requests": []}), 400),
        (format!("{new}:batchEmbedContents"), json!({"requests": [request("x")]}), 400),
        (
            "/v1/models/gemini-2.5-flash:embedContent".to_owned(),
            json!({"content": content("x")}),
            404,
        ),
        (format!("{old}:generateContent"), json!({"contents": [content("x")]}), 404),
    ] {
        assert_eq!(bench.ask(&path, &body).await.0, status, "{path} {body}");
    }
    assert_eq!(bench.simulator.bill().read()["gemini-embedding-001"].requests, 2);
}
