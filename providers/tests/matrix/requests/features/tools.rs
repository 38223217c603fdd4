//! Tools, calls and results.

use super::{Feature, NO, beside, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "functions",
        says: [
            says(r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#),
            says(r#"{"tools":[{"type":"function","name":"f"}]}"#),
            says(r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#),
            says(r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#),
        ],
    },
    Feature {
        name: "strict functions",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}"#,
                r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
                r#"{"tools":[{"type":"function","name":"f","strict":true,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
            ),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
                r#"{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}"#,
            ),
            beside(
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
                r#"{"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
            ),
        ],
    },
    Feature {
        name: "functions beside effort",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                r#"{"reasoning_effort":"low"}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f"}]}"#,
                r#"{"reasoning":{"effort":"low"}}"#,
            ),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"output_config":{"effort":"low"}}"#,
            ),
            beside(
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
                r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#,
            ),
        ],
    },
    Feature {
        name: "no call",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                r#"{"tool_choice":"none"}"#,
            ),
            beside(r#"{"tools":[{"type":"function","name":"f"}]}"#, r#"{"tool_choice":"none"}"#),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"tool_choice":{"type":"none"}}"#,
            ),
            beside(
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
                r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#,
            ),
        ],
    },
    Feature {
        name: "any call",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                r#"{"tool_choice":"required"}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f"}]}"#,
                r#"{"tool_choice":"required"}"#,
            ),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"tool_choice":{"type":"any"}}"#,
            ),
            beside(
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
                r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#,
            ),
        ],
    },
    Feature {
        name: "one call",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                r#"{"tool_choice":{"type":"function","function":{"name":"f"}}}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f"}]}"#,
                r#"{"tool_choice":{"type":"function","name":"f"}}"#,
            ),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"tool_choice":{"type":"tool","name":"f"}}"#,
            ),
            beside(
                r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
                r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}"#,
            ),
        ],
    },
    Feature {
        name: "some functions only",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}"#,
                r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f"},{"type":"function","name":"g"}]}"#,
                r#"{"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}}"#,
            ),
            NO,
            NO,
        ],
    },
    Feature {
        name: "one call at a time",
        says: [
            beside(
                r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                r#"{"parallel_tool_calls":false}"#,
            ),
            beside(
                r#"{"tools":[{"type":"function","name":"f"}]}"#,
                r#"{"parallel_tool_calls":false}"#,
            ),
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#,
            ),
            NO,
        ],
    },
    Feature {
        name: "custom tools",
        says: [
            says(r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#),
            says(r#"{"tools":[{"type":"custom","name":"f"}]}"#),
            NO,
            NO,
        ],
    },
    Feature {
        name: "groups of tools",
        says: [
            NO,
            says(
                r#"{"tools":[{"type":"namespace","name":"n","description":"d","tools":[{"type":"function","name":"f"}]}]}"#,
            ),
            NO,
            NO,
        ],
    },
    Feature {
        name: "examples of calls",
        says: [
            NO,
            NO,
            beside(
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"input_examples":[{}]}]}"#,
            ),
            NO,
        ],
    },
    Feature {
        name: "web search",
        says: [
            says(r#"{"web_search_options":{}}"#),
            says(r#"{"tools":[{"type":"web_search"}]}"#),
            says(r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#),
            says(r#"{"tools":[{"googleSearch":{}}]}"#),
        ],
    },
    Feature {
        name: "code execution",
        says: [
            NO,
            says(r#"{"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]}"#),
            says(r#"{"tools":[{"type":"code_execution_20250825","name":"code_execution"}]}"#),
            says(r#"{"tools":[{"codeExecution":{}}]}"#),
        ],
    },
    Feature {
        name: "tools of an MCP server",
        says: [
            NO,
            says(r#"{"tools":[{"type":"mcp","server_label":"x","server_url":"https://x.io"}]}"#),
            says(r#"{"mcp_servers":[{"type":"url","name":"x","url":"https://x.io"}]}"#),
            says(r#"{"tools":[{"mcpServers":[{}]}]}"#),
        ],
    },
    Feature {
        name: "calls and their results",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
            ),
            says(
                r#"{"input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"1"}}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "failed results",
        says: [
            NO,
            NO,
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1","is_error":true}]}]}"#,
            ),
            beside(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"1"}}}]}]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"1"}}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "pictures in results",
        says: [
            NO,
            beside(
                r#"{"input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
                r#"{"input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}]}"#,
            ),
            beside(
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}]}"#,
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}]}"#,
            ),
            beside(
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"1"}}}]}]}"#,
                r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"1"},"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}}]}]}"#,
            ),
        ],
    },
];
