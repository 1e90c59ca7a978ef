//! Messages of DNS as they are on the wire (RFC 1035): as much of it as a name server of a few records needs.

/// Types of records.
pub(super) const CNAME: u16 = 5;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;

/// Response codes.
pub(super) const NO_ERROR: u8 = 0;
pub(super) const SERVER_FAILURE: u8 = 2;
pub(super) const NAME_ERROR: u8 = 3;
pub(super) const REFUSED: u8 = 5;

/// The largest reply over UDP to a client that asks for no larger one.
const MOST_UDP: usize = 512;
const HEADER: usize = 12;
const IN: u16 = 1;
const TTL: u32 = 60;

/// A question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// In lower case, without the last dot.
    pub(super) name: String,
    pub(super) kind: u16,
    id: [u8; 2],
    /// As it came, to be repeated.
    section: Vec<u8>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Alias(String),
    Exchanger(u16, String),
    Text(String),
}

/// A record: whose, and what it says.
pub(super) type Record = (String, Data);

/// `None` where it is not one question of a client.
pub(super) fn read(packet: &[u8]) -> Option<Question> {
    let header = packet.get(..HEADER)?;
    let asks = header[2] & 0x80 == 0 && header[4..6] == [0, 1];
    if !asks {
        return None;
    }
    let mut at = HEADER;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = packet.get(at..at + length).filter(|_| length < 64)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    let kind = packet.get(at..at + 2)?;
    let section = packet.get(HEADER..at + 4)?;
    Some(Question {
        name: labels.join("."),
        kind: u16::from_be_bytes([kind[0], kind[1]]),
        id: [header[0], header[1]],
        section: section.to_vec(),
    })
}

/// The reply; over UDP one that is too large, or `cut`, says only that it is.
pub(super) fn reply(
    question: &Question,
    code: u8,
    records: &[Record],
    udp: bool,
    cut: bool,
) -> Vec<u8> {
    let whole = message(question, code, records, false);
    if udp && (cut || whole.len() > MOST_UDP) {
        message(question, code, &[], true)
    } else {
        whole
    }
}

fn message(question: &Question, code: u8, records: &[Record], cut: bool) -> Vec<u8> {
    let mut out = question.id.to_vec();
    // A response; recursion was wished for, and is there.
    out.extend([0x81 | if cut { 0x02 } else { 0 }, 0x80 | code]);
    for count in [1, records.len() as u16, 0, 0] {
        out.extend(count.to_be_bytes());
    }
    out.extend(&question.section);
    for (owner, data) in records {
        name(&mut out, owner);
        let (kind, body) = encoded(data);
        out.extend(kind.to_be_bytes());
        out.extend(IN.to_be_bytes());
        out.extend(TTL.to_be_bytes());
        out.extend((body.len() as u16).to_be_bytes());
        out.extend(body);
    }
    out
}

fn encoded(data: &Data) -> (u16, Vec<u8>) {
    let mut body = Vec::new();
    let kind = match data {
        Data::Alias(host) => {
            name(&mut body, host);
            CNAME
        }
        Data::Exchanger(preference, host) => {
            body.extend(preference.to_be_bytes());
            name(&mut body, host);
            MX
        }
        Data::Text(text) => {
            for part in text.as_bytes().chunks(255) {
                body.push(part.len() as u8);
                body.extend(part);
            }
            TXT
        }
    };
    (kind, body)
}

fn name(out: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        out.push(label.len() as u8);
        out.extend(label);
    }
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn asked(name_asked: &str, kind: u16) -> Vec<u8> {
        let mut packet = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        name(&mut packet, name_asked);
        packet.extend(kind.to_be_bytes());
        packet.extend(IN.to_be_bytes());
        packet
    }

    #[test]
    fn a_question_is_read_and_repeated() {
        let question = read(&asked("Contoso.NL", MX)).unwrap();
        assert_eq!((question.name.as_str(), question.kind), ("contoso.nl", MX));
        let records = [("contoso.nl".to_owned(), Data::Exchanger(10, "mx.b".into()))];
        let told = reply(&question, NO_ERROR, &records, true, false);
        assert_eq!(told[..12], [7, 9, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(told[12..28], asked("Contoso.NL", MX)[12..]);
        let body = &told[told.len() - 8..];
        assert_eq!(body, [0, 10, 2, b'm', b'x', 1, b'b', 0]);
    }

    #[test]
    fn what_is_too_large_for_udp_says_so() {
        let question = read(&asked("a.b", TXT)).unwrap();
        let records = [("a.b".to_owned(), Data::Text("x".repeat(600)))];
        let cut = reply(&question, NO_ERROR, &records, true, false);
        assert_eq!((cut[2], cut[7]), (0x83, 0));
        let whole = reply(&question, NO_ERROR, &records, false, false);
        assert_eq!(whole[2], 0x81);
        assert!(whole.len() > 600);
        let wished = reply(&question, NO_ERROR, &records[..0], true, true);
        assert_eq!(wished[2], 0x83);
    }

    #[test]
    fn what_is_no_question_gets_no_answer() {
        let good = asked("a.b", TXT);
        for bad in [
            &good[..11],
            &good[..good.len() - 1],
            &[0; 40][..],
            &[0xff; 40][..],
        ] {
            assert!(read(bad).is_none());
        }
        let mut response = good;
        response[2] |= 0x80;
        assert!(read(&response).is_none());
    }
}
