//! What opens a store is in nothing that is said when it cannot be opened or reached. Nobody listens here: the other tests
//! look at servers that refuse, answer and go away.

use std::process::Command;

/// In each secret: nobody else writes it.
const CANARY: &str = "c4narY0fTheSt0re";
/// Nobody listens there.
const NOWHERE: &str = "https://127.0.0.1:1";

/// What a program with this environment says of a store.
fn said_of(address: &str, environment: &[(&str, String)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant-closure"));
    let environment = environment.iter().map(|(key, value)| (*key, value));
    command.args(["verify", address]).envs(environment);
    let output = command.env("RUST_LOG", "trace").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn of(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[test]
fn no_credential_is_told_where_the_store_cannot_be_reached_or_opened() {
    let amazon = [
        of("AWS_REGION", "eu-central-1"),
        of("AWS_ENDPOINT_URL", NOWHERE),
    ];
    let azure = [
        of("AZURE_STORAGE_ACCOUNT_NAME", "evidence"),
        of("AZURE_STORAGE_ENDPOINT", NOWHERE),
    ];
    let tenant = "6f2f4a3e-1b2c-4d5e-8f90-a1b2c3d4e5f6";
    // Azure's keys are base64; this one is.
    let encoded = format!("{CANARY}{CANARY}");
    let signature = format!("sv=2022-11-02&sp=rcwl&sr=c&sig={CANARY}%3D");
    let no_key = format!("{CANARY}, which is no base64");
    let no_pem = format!(
        r#"{{"type":"service_account","client_email":"a@b","private_key_id":"1","private_key":"{CANARY}","project_id":"p"}}"#
    );
    let cut = format!(r#"{{"private_key":"{CANARY}"#);
    let trials = [
        (
            "s3://evidence/of",
            [
                &amazon[..],
                &[
                    of("AWS_ACCESS_KEY_ID", "AKIA0000000000000000"),
                    of("AWS_SECRET_ACCESS_KEY", CANARY),
                    of("AWS_SESSION_TOKEN", CANARY),
                ],
            ]
            .concat(),
        ),
        (
            "az://evidence/of",
            [&azure[..], &[of("AZURE_STORAGE_ACCOUNT_KEY", &encoded)]].concat(),
        ),
        (
            "az://evidence/of",
            [&azure[..], &[of("AZURE_STORAGE_ACCOUNT_KEY", &no_key)]].concat(),
        ),
        (
            "az://evidence/of",
            [&azure[..], &[of("AZURE_STORAGE_SAS_TOKEN", &signature)]].concat(),
        ),
        (
            "az://evidence/of",
            [
                &azure[..],
                &[
                    of("AZURE_CLIENT_ID", tenant),
                    of("AZURE_TENANT_ID", tenant),
                    of("AZURE_CLIENT_SECRET", CANARY),
                    of("AZURE_AUTHORITY_HOST", NOWHERE),
                ],
            ]
            .concat(),
        ),
        (
            "gs://evidence/of",
            vec![of("GOOGLE_SERVICE_ACCOUNT_KEY", &no_pem)],
        ),
        (
            "gs://evidence/of",
            vec![of("GOOGLE_SERVICE_ACCOUNT_KEY", &cut)],
        ),
    ];
    for (address, environment) in trials {
        let names: Vec<&str> = environment.iter().map(|(name, _)| *name).collect();
        let (code, said) = said_of(address, &environment);
        assert_eq!(code, Some(2), "{names:?}: {said}");
        assert!(said.contains(address), "{names:?}: {said}");
        assert!(!said.contains(CANARY), "{names:?}: {said}");
    }
}
