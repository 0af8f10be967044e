//! One table, two readers: aligned text for a terminal, Markdown for the record. Knows nothing of what it shows.

use std::fmt::Write as _;

/// Rows of cells below a head; the first column is left-aligned, all others are figures and right-aligned.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, head: &[&str]) -> Self {
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        Self { title: title.into(), head, rows: Vec::new() }
    }

    /// Adds a row; a short one is filled with empty cells, cells beyond the head are dropped.
    pub(crate) fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
    }

    /// Columns padded to their widest cell, two spaces between them.
    pub(crate) fn to_text(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| self.lines().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = format!("{}\n", self.title);
        for row in self.lines() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width - cell.chars().count());
                let _ = if column == 0 { write!(line, "  {cell}{pad}") } else { write!(line, "  {pad}{cell}") };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// A GFM table below its title in bold.
    pub(crate) fn to_markdown(&self) -> String {
        let rule = (0..self.head.len()).map(|column| if column == 0 { "---" } else { "---:" }.to_owned()).collect();
        let mut text = format!("**{}**\n\n", self.title);
        for row in [&self.head, &rule].into_iter().chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.head).chain(&self.rows)
    }
}

/// A figure with so many decimals, or a dash where there is none.
pub(crate) fn figure(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

/// A part of one in per cent.
pub(crate) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new("4 KB file", &["server", "µs", "ratio"]);
        table.push(vec!["floor".into(), "10.60".into(), "1.00".into()]);
        table.push(vec!["a|b".into(), "9.1".into()]);
        table
    }

    #[test]
    fn text_aligns_names_left_and_figures_right() {
        let want = "4 KB file\n  server     µs  ratio\n  floor   10.60   1.00\n  a|b       9.1\n";
        assert_eq!(sample().to_text(), want);
    }

    #[test]
    fn markdown_escapes_the_bar() {
        let want = "**4 KB file**\n\n| server | µs | ratio |\n| --- | ---: | ---: |\n| floor | 10.60 | 1.00 |\n| a\\|b | 9.1 |  |\n";
        assert_eq!(sample().to_markdown(), want);
    }

    #[test]
    fn a_missing_figure_is_a_dash() {
        assert_eq!(figure(Some(1.2345), 2), "1.23");
        assert_eq!(figure(None, 2), "–");
        assert_eq!(percent(Some(0.1234)), "12.3 %");
        assert_eq!(percent(None), "–");
    }
}
