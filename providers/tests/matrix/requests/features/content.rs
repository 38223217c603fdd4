//! What goes in and comes out besides words.

use super::{Feature, NO, beside, says};

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "JSON",
        says: [
            says(r#"{"response_format":{"type":"json_object"}}"#),
            says(r#"{"text":{"format":{"type":"json_object"}}}"#),
            NO,
            says(r#"{"generationConfig":{"responseMimeType":"application/json"}}"#),
        ],
    },
    Feature {
        name: "JSON of a schema",
        says: [
            says(
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
            ),
            says(
                r#"{"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
            ),
            says(
                r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
            ),
            says(
                r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}"#,
            ),
        ],
    },
    Feature {
        name: "sound in the answer",
        says: [
            says(r#"{"modalities":["text","audio"],"audio":{"voice":"ash","format":"wav"}}"#),
            NO,
            NO,
            says(r#"{"generationConfig":{"responseModalities":["AUDIO"]}}"#),
        ],
    },
    Feature {
        name: "pictures in the answer",
        says: [
            NO,
            says(r#"{"tools":[{"type":"image_generation"}]}"#),
            NO,
            says(r#"{"generationConfig":{"responseModalities":["TEXT","IMAGE"]}}"#),
        ],
    },
    Feature {
        name: "length of the answer",
        says: [says(r#"{"verbosity":"low"}"#), says(r#"{"text":{"verbosity":"low"}}"#), NO, NO],
    },
    Feature {
        name: "pictures",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]}"#,
            ),
            says(
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "addresses of pictures",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a.png"}}]}]}"#,
            ),
            says(
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x.io/a.png"}]}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a.png"}}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://x.io/a.png"}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "detail of pictures",
        says: [
            beside(
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]}"#,
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]}]}"#,
            ),
            beside(
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}]}"#,
                r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}]}]}"#,
            ),
            NO,
            beside(
                r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}]}"#,
                r#"{"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_LOW"}}"#,
            ),
        ],
    },
    Feature {
        name: "PDF",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]}"#,
            ),
            says(
                r#"{"input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}]}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBERi0="}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "addresses of PDF",
        says: [
            NO,
            says(
                r#"{"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
            ),
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.io/a.pdf"}}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.io/a.pdf"}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "sound",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]}"#,
            ),
            NO,
            NO,
            says(
                r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"audio/wav","data":"AA=="}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "films",
        says: [
            NO,
            NO,
            NO,
            says(
                r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"video/mp4","data":"AA=="}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "files stored at the provider",
        says: [
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}"#,
            ),
            says(r#"{"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}"#),
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}"#,
            ),
            says(
                r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/o"}}]}]}"#,
            ),
        ],
    },
    Feature {
        name: "text documents",
        says: [
            NO,
            NO,
            says(
                r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"w"}}]}]}"#,
            ),
            NO,
        ],
    },
    Feature {
        name: "citations of documents",
        says: [
            NO,
            NO,
            beside(
                r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"w"}}]}]}"#,
                r#"{"messages":[{"role":"user","content":[{"type":"document","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"w"}}]}]}"#,
            ),
            NO,
        ],
    },
];
