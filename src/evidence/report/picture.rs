//! The picture: what was seen gone over time, and under it when each step ran and when a person was waited for.

use super::axis::Axis;
use super::{Report, StepResult};
use crate::closure::words::thousands;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use std::fmt::Write as _;

const WIDTH: f64 = 920.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 26.0;
const HEIGHT: f64 = 130.0;
const LANE: f64 = 22.0;
const GAP: f64 = 34.0;
/// Times closer than this are not written beside each other.
const APART: f64 = 92.0;

/// Draws the picture; a sentence where there is nothing to draw.
pub(super) fn draw(report: &Report) -> Markup {
    let lanes = lanes(report);
    let mut times: Vec<Timestamp> = report.course.iter().map(|point| point.at).collect();
    times.extend(lanes.iter().flat_map(|lane| [lane.from, lane.to]));
    let (false, Some(axis)) = (report.course.len() < 2, Axis::over(times.clone())) else {
        return html! { p { "Too little has happened for a picture." } };
    };
    let bottom = TOP + HEIGHT;
    let rows = lanes
        .iter()
        .map(|lane| lane.row)
        .max()
        .map_or(0, |row| row + 1);
    let end = row_y(rows);
    let total: u64 = report.course.iter().map(|point| point.gone).sum();
    let x = |at: Timestamp| (WIDTH - LEFT - RIGHT).mul_add(axis.place(at), LEFT);
    let curve = curve(report, total, &x);
    html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {}", end + 30.0)) role="img" aria-labelledby="picture-title picture-words" {
                title id="picture-title" { "Progress over time" }
                desc id="picture-words" { (described(report, total)) }
                @for (from, to) in &axis.breaks {
                    (wait(x(*from), x(*to), end, to.duration_since(*from)))
                }
                line class="rule" x1=(LEFT) y1=(bottom) x2=(WIDTH - RIGHT) y2=(bottom) {}
                line class="rule faint" x1=(LEFT) y1=(TOP) x2=(WIDTH - RIGHT) y2=(TOP) {}
                text class="label" x=(LEFT - 10.0) y=(TOP + 4.0) text-anchor="end" { (thousands(u32::try_from(total).unwrap_or(u32::MAX))) " objects" }
                text class="label quiet" x=(LEFT - 10.0) y=(TOP + 20.0) text-anchor="end" { "seen gone or changed" }
                text class="label" x=(LEFT - 10.0) y=(bottom + 4.0) text-anchor="end" { "0" }
                path class="area" d=(format!("{curve}V{bottom:.1}H{LEFT:.1}Z")) {}
                path class="curve" d=(curve) {}
                @for lane in &lanes { (bar(lane, x(lane.from), x(lane.to))) }
                @for row in names(&lanes) {
                    text class="label" x=(LEFT - 10.0) y=(row_y(row.1) + 15.0) text-anchor="end" { (row.0) }
                }
                @for (at, place) in ticks(&axis, &times, &x) {
                    line class="rule faint" x1=(format!("{place:.1}")) y1=(TOP) x2=(format!("{place:.1}")) y2=(end + 4.0) {}
                    text class="label quiet" x=(format!("{place:.1}")) y=(end + 20.0) text-anchor=(anchor(place)) { (at) }
                }
            }
            figcaption { "Objects that effects were seen to take away or change, at the time of each settled record; below, the steps, and when a person was waited for." }
        }
    }
}

/// A bar in a row.
struct Lane {
    row: usize,
    name: String,
    class: &'static str,
    from: Timestamp,
    to: Timestamp,
}

/// The steps, then the hand-offs.
fn lanes(report: &Report) -> Vec<Lane> {
    let newest = report
        .course
        .last()
        .map_or(report.made_at, |point| point.at);
    let ends = report.steps.iter().filter_map(|step| step.ended_at);
    let newest = ends.chain([newest]).max().unwrap_or(newest);
    let mut lanes = Vec::new();
    for (row, step) in report.steps.iter().enumerate() {
        let (Some(from), class) = (
            step.started_at,
            if step.result == StepResult::UnderWay {
                "bar open"
            } else {
                "bar"
            },
        ) else {
            continue;
        };
        let to = step.ended_at.unwrap_or(newest).max(from);
        let name = format!("{} {}", step.number, step.name);
        lanes.push(Lane {
            row,
            name,
            class,
            from,
            to,
        });
    }
    let row = report.steps.len();
    for hand_off in &report.hand_offs {
        lanes.push(Lane {
            row,
            name: "by a person".to_owned(),
            class: "bar person",
            from: hand_off.since,
            to: hand_off.until.unwrap_or(newest).max(hand_off.since),
        });
    }
    lanes
}

fn names(lanes: &[Lane]) -> Vec<(&str, usize)> {
    let mut names: Vec<(&str, usize)> = lanes
        .iter()
        .map(|lane| (lane.name.as_str(), lane.row))
        .collect();
    names.dedup();
    names
}

#[allow(clippy::cast_precision_loss)] // seven rows
fn row_y(row: usize) -> f64 {
    LANE.mul_add(row as f64, TOP + HEIGHT + GAP)
}

fn bar(lane: &Lane, from: f64, to: f64) -> Markup {
    html! {
        rect class=(lane.class) x=(format!("{from:.1}")) y=(row_y(lane.row) + 4.0) width=(format!("{:.1}", (to - from).max(3.0))) height=(LANE - 8.0) rx="3" {
            title { (lane.name) }
        }
    }
}

/// A wait that is drawn shorter than it was, with its length.
fn wait(from: f64, to: f64, end: f64, length: SignedDuration) -> Markup {
    html! {
        rect class="wait" x=(format!("{from:.1}")) y=(TOP) width=(format!("{:.1}", to - from)) height=(end - TOP) {}
        text class="label quiet" x=(format!("{:.1}", f64::midpoint(from, to))) y=(TOP - 10.0) text-anchor="middle" { (span(length)) " shortened" }
    }
}

/// The sum over time, in steps.
fn curve(report: &Report, total: u64, x: &impl Fn(Timestamp) -> f64) -> String {
    #[allow(clippy::cast_precision_loss)] // a picture
    let y = |sum: u64| HEIGHT.mul_add(-(sum as f64 / (total.max(1)) as f64), TOP + HEIGHT);
    let mut path = format!("M{LEFT:.1} {:.1}", y(0));
    let mut sum = 0;
    for point in &report.course {
        sum += point.gone;
        // Writing to a String cannot fail.
        let _ = write!(path, "H{:.1}V{:.1}", x(point.at), y(sum));
    }
    let _ = write!(path, "H{:.1}", WIDTH - RIGHT);
    path
}

/// First and last time, and the edges of shortened waits, where there is room.
fn ticks(axis: &Axis, times: &[Timestamp], x: &impl Fn(Timestamp) -> f64) -> Vec<(String, f64)> {
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return Vec::new();
    };
    let format = if last.duration_since(*first) < SignedDuration::from_hours(20) {
        "%H:%M:%S"
    } else {
        "%b %d %H:%M"
    };
    let mut placed: Vec<(Timestamp, f64)> = vec![(*first, x(*first)), (*last, x(*last))];
    let edges = axis.breaks.iter().flat_map(|(from, to)| [*from, *to]);
    for at in edges.chain(times.iter().copied()) {
        let place = x(at);
        if placed.len() < 9
            && placed
                .iter()
                .all(|(_, other)| (other - place).abs() >= APART)
        {
            placed.push((at, place));
        }
    }
    placed
        .into_iter()
        .map(|(at, place)| (at.strftime(format).to_string(), place))
        .collect()
}

fn anchor(place: f64) -> &'static str {
    if place > WIDTH - RIGHT - 40.0 {
        "end"
    } else {
        "middle"
    }
}

fn described(report: &Report, total: u64) -> String {
    let mut text = format!(
        "{} objects seen gone or changed.",
        thousands(u32::try_from(total).unwrap_or(u32::MAX))
    );
    for step in &report.steps {
        if let (Some(from), Some(to)) = (step.started_at, step.ended_at) {
            let _ = write!(
                text,
                " Step {} {} from {from:.0} to {to:.0}.",
                step.number, step.name
            );
        }
    }
    text
}

/// A length in its two largest units.
fn span(length: SignedDuration) -> String {
    let s = length.as_secs().max(0);
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}
