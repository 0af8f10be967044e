//! Conditions the other way round, where that is shorter: by De Morgan's laws, and where only the truth of a value is read.

use oxc::{
    allocator::TakeIn,
    ast::ast::{Expression, LogicalExpression, LogicalOperator, UnaryOperator},
    span::GetSpan,
    syntax::operator::BinaryOperator,
};

use super::Shorter;

impl<'a> Shorter<'a> {
    /// An expression whose value nobody reads.
    pub(super) fn unread(&self, expression: &mut Expression<'a>) {
        match expression {
            Expression::LogicalExpression(logical) => {
                if let Some(opposite) = opposite_logical(logical.operator) {
                    self.condition(&mut logical.left);
                    if cost_of_negation(&logical.left) < 0 {
                        self.negate(&mut logical.left);
                        logical.operator = opposite;
                    }
                }
                self.unread(&mut logical.right);
            }
            Expression::ConditionalExpression(conditional) => {
                self.unread(&mut conditional.consequent);
                self.unread(&mut conditional.alternate);
            }
            Expression::SequenceExpression(sequence) => {
                sequence.expressions.last_mut().into_iter().for_each(|last| self.unread(last));
            }
            _ => {}
        }
    }

    /// An expression of which only the truth is read.
    pub(super) fn condition(&self, expression: &mut Expression<'a>) {
        match expression {
            Expression::LogicalExpression(logical) => {
                if opposite_logical(logical.operator).is_some() {
                    self.condition(&mut logical.left);
                }
                self.condition(&mut logical.right);
            }
            Expression::ConditionalExpression(conditional) => {
                self.condition(&mut conditional.consequent);
                self.condition(&mut conditional.alternate);
            }
            Expression::SequenceExpression(sequence) => {
                sequence.expressions.last_mut().into_iter().for_each(|last| self.condition(last));
            }
            Expression::UnaryExpression(unary)
                if unary.operator == UnaryOperator::LogicalNot
                    && matches!(unary.argument, Expression::LogicalExpression(_))
                    && cost_of_negation(&unary.argument) < IN_PARENTHESES =>
            {
                let mut inner = unary.argument.take_in(&self.ast);
                self.negate(&mut inner);
                *expression = inner;
            }
            _ => {}
        }
    }

    /// Turns the truth of an expression round.
    pub(super) fn negate(&self, expression: &mut Expression<'a>) {
        match expression {
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
                *expression = unary.argument.take_in(&self.ast);
                return;
            }
            Expression::BinaryExpression(binary) => {
                if let Some(opposite) = opposite(binary.operator) {
                    binary.operator = opposite;
                    return;
                }
            }
            Expression::LogicalExpression(logical) => {
                if let Some(opposite) = opposite_logical(logical.operator)
                    && cost_by_de_morgan(logical) < IN_PARENTHESES
                {
                    self.negate(&mut logical.left);
                    self.negate(&mut logical.right);
                    logical.operator = opposite;
                    return;
                }
            }
            _ => {}
        }
        let inner = expression.take_in(&self.ast);
        *expression = Expression::new_unary_expression(inner.span(), UnaryOperator::LogicalNot, inner, &self.ast);
    }
}

/// What `!(` and `)` are more than what they are put around.
const IN_PARENTHESES: i32 = 3;

/// By how many characters the negation of an expression is longer than it, where only its truth is read.
pub(super) fn cost_of_negation(expression: &Expression<'_>) -> i32 {
    match expression {
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
            if binds_loosely(&unary.argument) { -IN_PARENTHESES } else { -1 }
        }
        Expression::BinaryExpression(binary) if opposite(binary.operator).is_some() => 0,
        Expression::LogicalExpression(logical) if opposite_logical(logical.operator).is_some() => {
            cost_by_de_morgan(logical).min(IN_PARENTHESES)
        }
        loose if binds_loosely(loose) => IN_PARENTHESES,
        _ => 1,
    }
}

fn cost_by_de_morgan(logical: &LogicalExpression<'_>) -> i32 {
    // `&&` binds more tightly than `||`: what had no parentheses needs some, and the other way round.
    let parentheses = |side: &Expression<'_>| match side {
        Expression::LogicalExpression(inner) => match (logical.operator, inner.operator) {
            (LogicalOperator::Or, LogicalOperator::And) => 2,
            (LogicalOperator::And, LogicalOperator::Or) => -2,
            _ => 0,
        },
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => match &unary.argument {
            Expression::LogicalExpression(inner)
                if (inner.operator, logical.operator) == (LogicalOperator::Or, LogicalOperator::Or) =>
            {
                2
            }
            Expression::ConditionalExpression(_)
            | Expression::AssignmentExpression(_)
            | Expression::SequenceExpression(_) => 2,
            _ => 0,
        },
        _ => 0,
    };
    let side = |side| cost_of_negation(side) + parentheses(side);
    side(&logical.left) + side(&logical.right)
}

/// Whether an expression needs parentheses behind a `!`.
const fn binds_loosely(expression: &Expression<'_>) -> bool {
    matches!(
        expression,
        Expression::LogicalExpression(_)
            | Expression::BinaryExpression(_)
            | Expression::PrivateInExpression(_)
            | Expression::ConditionalExpression(_)
            | Expression::AssignmentExpression(_)
            | Expression::SequenceExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::YieldExpression(_)
    )
}

/// The operator that is true where the other is not. `<` has none: neither it nor `>=` holds of `NaN`.
const fn opposite(operator: BinaryOperator) -> Option<BinaryOperator> {
    match operator {
        BinaryOperator::Equality => Some(BinaryOperator::Inequality),
        BinaryOperator::Inequality => Some(BinaryOperator::Equality),
        BinaryOperator::StrictEquality => Some(BinaryOperator::StrictInequality),
        BinaryOperator::StrictInequality => Some(BinaryOperator::StrictEquality),
        _ => None,
    }
}

/// `||` for `&&` and the other way round; `??` asks no truth.
const fn opposite_logical(operator: LogicalOperator) -> Option<LogicalOperator> {
    match operator {
        LogicalOperator::And => Some(LogicalOperator::Or),
        LogicalOperator::Or => Some(LogicalOperator::And),
        LogicalOperator::Coalesce => None,
    }
}
