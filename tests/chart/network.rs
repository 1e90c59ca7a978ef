//! The network policy: what it lets in and out, and that it is never half a one.

use super::{OPERATOR, of_kind, template};
use crate::cluster::Cluster;
use serde_json::{Value, json};

/// What makes it one that the operator can work behind.
const ENABLED: [&str; 2] = [
    "networkPolicy.enabled=true",
    "networkPolicy.apiServerCIDRs={10.96.0.1/32,fd00::1/128}",
];

fn policy(more: &[&str]) -> Value {
    let settings: Vec<&str> = ENABLED.iter().chain(more).copied().collect();
    let objects = super::objects(&settings);
    let found = of_kind(&objects, "NetworkPolicy");
    assert_eq!(found.len(), 1);
    found[0].clone()
}

/// The rules that open this port, with all that they open it to.
fn open(policy: &Value, port: u64) -> Vec<Value> {
    let rules = policy["spec"]["egress"].as_array().unwrap().iter();
    let opens = |rule: &&Value| {
        let ports = rule["ports"].as_array().unwrap();
        ports.iter().any(|one| one["port"] == port)
    };
    // A rule without peers would be open to everywhere.
    let peers = |rule: &Value| rule["to"].as_array().filter(|to| !to.is_empty()).cloned();
    rules
        .filter(opens)
        .flat_map(|rule| peers(rule).unwrap())
        .collect()
}

fn blocks(cidrs: &[&str]) -> Vec<Value> {
    let block = |cidr: &&str| json!({"ipBlock": {"cidr": cidr}});
    cidrs.iter().map(block).collect()
}

#[test]
fn there_is_none_unless_it_is_asked_for_with_the_addresses_of_the_api_server() {
    assert!(of_kind(&super::objects(&[]), "NetworkPolicy").is_empty());
    let complaint = template(&["networkPolicy.enabled=true"]).unwrap_err();
    for says in [
        "networkPolicy.apiServerCIDRs is empty",
        "would cut the operator off",
        "kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes",
    ] {
        assert!(complaint.contains(says), "{says}: {complaint}");
    }
}

#[test]
fn names_the_api_server_and_https_to_the_outside_and_nothing_else() {
    let policy = policy(&[]);
    let spec = &policy["spec"];
    let ours = json!({"app.kubernetes.io/name": OPERATOR});
    assert_eq!(spec["podSelector"], json!({"matchLabels": ours}));
    assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
    let deployment = super::objects(&[]);
    let pod = &of_kind(&deployment, "Deployment")[0]["spec"]["template"];
    let labels = &pod["metadata"]["labels"];
    assert_eq!(labels["app.kubernetes.io/name"], OPERATOR, "it is selected");

    // In: nobody.
    assert_eq!(spec["ingress"], json!([]));
    // Out.
    let ports = spec["egress"].as_array().unwrap().iter().flat_map(|rule| {
        let ports = rule["ports"].as_array().unwrap().iter();
        ports.map(|one| {
            (
                one["protocol"].as_str().unwrap(),
                one["port"].as_u64().unwrap(),
            )
        })
    });
    let expected = [
        ("TCP", 443),
        ("TCP", 6443),
        ("UDP", 53),
        ("TCP", 53),
        ("TCP", 443),
    ];
    assert_eq!(ports.collect::<Vec<_>>(), expected);
    let server = blocks(&["10.96.0.1/32", "fd00::1/128"]);
    assert_eq!(open(&policy, 6443), server);
    let resolvers = open(&policy, 53);
    assert_eq!(resolvers.len(), 1);
    assert_eq!(
        resolvers[0]["podSelector"]["matchLabels"]["k8s-app"],
        "kube-dns"
    );
    let https = open(&policy, 443).split_off(server.len());
    let cidrs: Vec<&Value> = https.iter().map(|one| &one["ipBlock"]["cidr"]).collect();
    assert_eq!(cidrs, ["0.0.0.0/0", "::/0"]);
    // What holds a node's own credentials, and whatever else is inside.
    let inside = &https[0]["ipBlock"]["except"];
    for block in [
        "169.254.0.0/16",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ] {
        assert!(
            inside.as_array().unwrap().contains(&json!(block)),
            "{block}"
        );
    }
}

#[test]
fn what_is_left_out_is_closed_and_never_open_to_all() {
    let none = policy(&["networkPolicy.dns=null", "networkPolicy.https=null"]);
    assert!(open(&none, 53).is_empty());
    assert_eq!(open(&none, 443), blocks(&["10.96.0.1/32", "fd00::1/128"]));
    let own = [
        "dnsPolicy=None",
        "dnsConfig.nameservers={9.9.9.9,2620:fe::fe}",
        "networkPolicy.dns=null",
    ];
    let resolvers = blocks(&["9.9.9.9/32", "2620:fe::fe/128"]);
    assert_eq!(open(&policy(&own), 53), resolvers);
}

#[test]
fn who_may_read_metrics_and_what_else_goes_out_is_named() {
    let policy = policy(&[
        "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=monitoring",
        "networkPolicy.egress[0].to[0].ipBlock.cidr=10.1.2.3/32",
        "networkPolicy.egress[0].ports[0].port=9000",
    ]);
    let scraper = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}});
    let expected = json!([{"from": [scraper], "ports": [{"protocol": "TCP", "port": "http"}]}]);
    assert_eq!(policy["spec"]["ingress"], expected);
    assert_eq!(open(&policy, 9000), blocks(&["10.1.2.3/32"]));
}

/// As it is installed, and with everything that can be given.
#[tokio::test]
async fn the_api_server_accepts_it() {
    let cluster = Cluster::shared().await.unwrap();
    let full = [
        "networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus",
        "networkPolicy.egress[0].to[0].ipBlock.cidr=10.1.2.3/32",
        "networkPolicy.egress[0].ports[0].port=9000",
        "dnsConfig.nameservers={9.9.9.9,2620:fe::fe}",
    ];
    for mut policy in [policy(&[]), policy(&full)] {
        policy["metadata"]["namespace"] = json!("default");
        let args = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];
        let text = policy.to_string();
        let (done, _, words) = cluster.kubectl("admin", &args, Some(&text)).await.unwrap();
        assert!(done && words.is_empty(), "{words}");
    }
}
