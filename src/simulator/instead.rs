//! What happens instead of an answer.

use http::header::{HeaderValue, LOCATION};
use tokio::time::sleep;

use super::answer::recorded;
use super::credential;
use super::exchange::{Case, Ending};
use super::rejection::Rejection;
use super::script::Fault;

impl Case<'_> {
    /// What happens instead of an answer, if something does.
    pub(super) async fn instead(&self, faults: &[Fault]) -> Result<(), Ending> {
        let mut wait = None;
        let mut status = None;
        for fault in faults {
            match fault {
                Fault::Delay(time) => sleep(*time).await,
                Fault::Status(given) => status = Some(*given),
                Fault::RetryAfter(seconds) => wait = Some(*seconds),
                Fault::Close => return Err(Ending::Close),
                Fault::Stall(None) => return Err(Ending::Stall),
                Fault::Html => {
                    let page = "<html><head><title>502 Bad Gateway</title></head></html>\r\n";
                    return Err(self.page(502, "text/html", page).into());
                }
                Fault::Garbage => {
                    let text = "upstream connect error or disconnect/reset before headers";
                    return Err(self.page(200, "application/json", text).into());
                }
                Fault::ErrorIn200 => {
                    let rejection = Rejection::new(503, "The server is overloaded");
                    let mut answer = self.reject(&rejection);
                    answer.status = 200;
                    return Err(answer.into());
                }
                Fault::Redirect(location) => {
                    let mut answer = self.page(302, "text/plain", "");
                    if let Ok(location) = HeaderValue::from_str(location) {
                        answer.headers.insert(LOCATION, location);
                    }
                    return Err(answer.into());
                }
                Fault::EchoCredential => {
                    let query = self.head.uri.query().unwrap_or_default();
                    let given =
                        credential::given(self.provider(), self.host, &self.head.headers, query);
                    let message = format!("The key {} has no credit", given.unwrap_or_default());
                    return Err(self.reject(&Rejection::bad(message)).into());
                }
                Fault::Canned(canned) => return Err(recorded(canned).into()),
                _ => {}
            }
        }
        let Some(status) = status.or(wait.map(|_| 429)) else { return Ok(()) };
        let message = format!("Simulated error {status}");
        let rejection = Rejection { retry_after: wait, ..Rejection::new(status, message) };
        Err(self.reject(&rejection).into())
    }
}
