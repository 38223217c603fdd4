//! What to try once the demo serves.

use super::config::Ports;

/// Three `curl` lines and three SDK snippets.
pub fn text(ports: Ports) -> String {
    let (gateway, admin) = (ports.gateway, ports.admin);
    format!(
        r#"Egret serves on http://{gateway} (metrics: http://{admin}/metrics). Try any schema with any model:

  curl http://{gateway}/v1/chat/completions -H "authorization: Bearer egret-checkout" \
    -d '{{"model":"claude-sonnet-5","messages":[{{"role":"user","content":"Hello"}}]}}'

  curl http://{gateway}/v1/messages -H "x-api-key: egret-search" -H "anthropic-version: 2023-06-01" \
    -d '{{"model":"gemini-2.5-pro","max_tokens":100,"messages":[{{"role":"user","content":"Hello"}}]}}'

  curl "http://{gateway}/v1beta/models/gpt-5.4:generateContent" -H "x-goog-api-key: egret-support" \
    -d '{{"contents":[{{"parts":[{{"text":"Hello"}}]}}]}}'

  # pip install openai
  from openai import OpenAI
  client = OpenAI(base_url="http://{gateway}/v1", api_key="egret-checkout")
  print(client.chat.completions.create(model="claude-sonnet-5", messages=[{{"role": "user", "content": "Hello"}}]).choices[0].message.content)

  # pip install anthropic
  from anthropic import Anthropic
  client = Anthropic(base_url="http://{gateway}", api_key="egret-search")
  print(client.messages.create(model="gpt-5.4", max_tokens=100, messages=[{{"role": "user", "content": "Hello"}}]).content[0].text)

  # pip install google-genai
  from google import genai
  client = genai.Client(api_key="egret-support", http_options={{"base_url": "http://{gateway}"}})
  print(client.models.generate_content(model="claude-sonnet-5", contents="Hello").text)

Ctrl-C ends it."#
    )
}
