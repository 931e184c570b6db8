//! A line chart as SVG: x linear from zero, y logarithmic. Enough for latencies against load.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
/// Around the area of the lines: left, top, right, bottom.
const MARGIN: [f64; 4] = [64.0, 40.0, 150.0, 52.0];
/// Told apart also by people who do not tell red from green (Okabe, Ito 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];

/// One line.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it shows.
    pub name: String,
    /// Points from left to right; y must be above zero.
    pub points: Vec<(f64, f64)>,
    /// Drawn with gaps.
    pub dashed: bool,
}

/// The chart.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// Beside it.
    pub y_label: String,
    /// Its lines.
    pub series: Vec<Series>,
}

/// From figures to places.
struct Scale {
    x_max: f64,
    /// Exponents of ten.
    y_from: f64,
    y_to: f64,
}

impl Scale {
    fn of(series: &[Series]) -> Self {
        let points = || series.iter().flat_map(|one| &one.points);
        let x_max = points().map(|point| point.0).fold(0.0, f64::max);
        let lowest = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let highest = points().map(|point| point.1).fold(0.0, f64::max);
        let exponent =
            |value: f64| if value > 0.0 && value.is_finite() { value.log10() } else { 0.0 };
        let y_from = exponent(lowest).floor();
        let y_to = exponent(highest).ceil().max(y_from + 1.0);
        Self { x_max: if x_max > 0.0 { x_max } else { 1.0 }, y_from, y_to }
    }

    fn x(&self, value: f64) -> f64 {
        MARGIN[0] + value / self.x_max * (WIDTH - MARGIN[0] - MARGIN[2])
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.log10() - self.y_from) / (self.y_to - self.y_from);
        HEIGHT - MARGIN[3] - share * (HEIGHT - MARGIN[1] - MARGIN[3])
    }
}

impl Plot {
    /// The chart as a document of its own.
    #[must_use]
    pub fn svg(&self) -> String {
        let scale = Scale::of(&self.series);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
        );
        self.axes(&scale, &mut out);
        for (place, series) in self.series.iter().enumerate() {
            line(series, place, &scale, &mut out);
        }
        out.push_str("</svg>\n");
        out
    }

    fn axes(&self, scale: &Scale, out: &mut String) {
        let (left, right) = (MARGIN[0], WIDTH - MARGIN[2]);
        let bottom = HEIGHT - MARGIN[3];
        text(out, (left, 22.0), "start", 15, &self.title);
        text(out, (f64::midpoint(left, right), HEIGHT - 14.0), "middle", 12, &self.x_label);
        text(out, (8.0, MARGIN[1] - 8.0), "start", 12, &self.y_label);
        let mut exponent = scale.y_from;
        while exponent <= scale.y_to {
            for step in 1..10 {
                let value = f64::from(step) * 10f64.powf(exponent);
                if value > 10f64.powf(scale.y_to) * 1.000_001 {
                    break;
                }
                let (y, shade) = (scale.y(value), if step == 1 { "#999" } else { "#eee" });
                rule(out, (left, y), (right, y), shade);
                if step == 1 {
                    text(out, (left - 6.0, y + 4.0), "end", 12, &value.to_string());
                }
            }
            exponent += 1.0;
        }
        for tenth in 0..=10 {
            let value = scale.x_max * f64::from(tenth) / 10.0;
            let x = scale.x(value);
            rule(out, (x, bottom), (x, bottom + 4.0), "#999");
            if tenth % 2 == 0 {
                text(out, (x, bottom + 18.0), "middle", 12, &crate::report::grouped(value));
            }
        }
    }
}

fn line(series: &Series, place: usize, scale: &Scale, out: &mut String) {
    let colour = COLOURS[place % COLOURS.len()];
    let dashes = if series.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let points: Vec<String> = series
        .points
        .iter()
        .map(|(x, y)| format!("{:.1},{:.1}", scale.x(*x), scale.y(*y)))
        .collect();
    let points = points.join(" ");
    let drawn = writeln!(
        out,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>"
    );
    drawn.expect("memory takes what is written");
    let y = 20.0f64.mul_add(f64::from(u32::try_from(place).expect("few lines")), MARGIN[1] + 10.0);
    let x = WIDTH - MARGIN[2] + 12.0;
    let drawn = writeln!(
        out,
        "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
        x + 22.0
    );
    drawn.expect("memory takes what is written");
    text(out, (x + 28.0, y + 4.0), "start", 12, &series.name);
}

fn rule(out: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let drawn = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
        from.0, from.1, to.0, to.1
    );
    drawn.expect("memory takes what is written");
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, size: u8, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let drawn = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{words}</text>",
        at.0, at.1
    );
    drawn.expect("memory takes what is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_where_their_figures_say() {
        let series = Series {
            name: "p50 & more".into(),
            points: vec![(0.0, 0.1), (50.0, 1.0), (100.0, 10.0)],
            dashed: true,
        };
        let plot = Plot {
            title: "t".into(),
            x_label: "x".into(),
            y_label: "y".into(),
            series: vec![series],
        };
        let svg = plot.svg();
        // Two decades over 328 units of height, 506 units of width.
        assert!(svg.contains("points=\"64.0,368.0 317.0,204.0 570.0,40.0\""), "{svg}");
        assert!(svg.contains("p50 &amp; more") && svg.contains("stroke-dasharray"), "{svg}");
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }

    #[test]
    fn nothing_to_show_is_still_a_document() {
        let plot = Plot {
            title: String::new(),
            x_label: String::new(),
            y_label: String::new(),
            series: Vec::new(),
        };
        assert!(!plot.svg().contains("NaN"));
    }
}
