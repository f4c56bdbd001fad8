use viewshed_collect::{Environment, Quiet, here, kubernetes::Limits};
fn main() {
    let environment = Environment::of_process();
    let around = here::look_around(&environment);
    println!("{}", serde_json::to_string_pretty(&around).unwrap());
    let options = here::SightOptions {
        namespaces: vec![],
        user_agent: "viewshed/test".into(),
        limits: Limits::default(),
    };
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let t = std::time::Instant::now();
    let (sights, gaps) = rt.block_on(here::sights(&environment, &around, &options, &Quiet));
    for s in &sights {
        println!(
            "SIGHT {} {:?} pods={} others={} configs={} answers={} allowed={} in {:?}",
            s.credential,
            s.identity,
            s.cluster.pods.len(),
            s.cluster.others.len(),
            s.cluster.configs.len(),
            s.answers.len(),
            s.answers.iter().filter(|a| a.allowed).count(),
            t.elapsed()
        );
        for a in s.answers.iter().filter(|a| a.allowed) {
            println!("  {:?}", a.action);
        }
        for g in s.gaps.iter().take(3) {
            println!("  gap {} | {} | {}", g.what, g.detail, g.hint);
        }
    }
    println!("GAPS {gaps:?}");
}
