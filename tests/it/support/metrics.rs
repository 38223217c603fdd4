//! Reading the gateway's metrics.

/// Metrics at one moment, in Prometheus' text format.
#[derive(Debug)]
pub struct Metrics(pub String);

impl Metrics {
    /// The sum over all series of `name` whose labels contain each of `labels` (`code="200"`).
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let series = self.0.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, given) = series.split_once('{').unwrap_or((series, ""));
            let fits = found == name && labels.iter().all(|label| given.contains(label));
            fits.then(|| value.parse::<f64>().unwrap())
        });
        series.sum()
    }

    /// The same as a whole number.
    pub fn count(&self, name: &str, labels: &[&str]) -> u64 {
        self.sum(name, labels).round() as u64
    }

    /// What a budget in dollars has spent, in nano-dollars.
    pub fn spent_nanos(&self, budget: &str) -> u64 {
        let labels = [format!("budget=\"{budget}\""), "unit=\"usd\"".to_owned()];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        (self.sum("egret_budget_spent", &labels) * 1e9).round() as u64
    }

    /// How many series there are.
    pub fn series(&self) -> usize {
        self.0.lines().filter(|line| !line.starts_with('#')).count()
    }
}
