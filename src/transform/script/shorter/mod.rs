//! What oxc's minifier leaves that a script can do without: conditions that are shorter the other way round, cases that do
//! the same, ends of functions that return early, declarations that could be one. Everything here keeps what a program does,
//! and nothing asks what a name stands for.

mod cases;
mod early;
mod truth;

use oxc::{
    allocator::{Allocator, TakeIn, Vec as ArenaVec},
    ast::{
        ast::{
            ConditionalExpression, DoWhileStatement, Expression, ExpressionStatement, ForInStatement, ForOfStatement,
            ForStatement, FunctionBody, IfStatement, LogicalOperator, Program, ReturnStatement, SequenceExpression,
            Statement, SwitchStatement, UnaryExpression, UnaryOperator, VariableDeclarationKind, WhileStatement,
        },
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    span::ContentEq,
    syntax::operator::BinaryOperator,
};

use self::early::End;

/// Makes a module shorter that oxc has compressed, whose names are not short yet.
pub(super) fn shorten<'a>(program: &mut Program<'a>, allocator: &'a Allocator) {
    let mut shorter = Shorter { ast: AstBuilder::new(allocator) };
    shorter.visit_program(program);
    shorter.join_variables(&mut program.body);
}

struct Shorter<'a> {
    ast: AstBuilder<'a>,
}

impl<'a> VisitMut<'a> for Shorter<'a> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        if let Expression::BinaryExpression(binary) = expression
            && binary.operator == BinaryOperator::BitwiseOR
            && is_zero(&binary.right)
            && is_int32(&binary.left)
        {
            *expression = binary.left.take_in(&self.ast);
        }
    }

    fn visit_expression_statement(&mut self, statement: &mut ExpressionStatement<'a>) {
        walk_mut::walk_expression_statement(self, statement);
        self.unread(&mut statement.expression);
    }

    fn visit_sequence_expression(&mut self, sequence: &mut SequenceExpression<'a>) {
        walk_mut::walk_sequence_expression(self, sequence);
        let unread = sequence.expressions.len().saturating_sub(1);
        sequence.expressions.iter_mut().take(unread).for_each(|expression| self.unread(expression));
    }

    fn visit_unary_expression(&mut self, unary: &mut UnaryExpression<'a>) {
        walk_mut::walk_unary_expression(self, unary);
        if unary.operator == UnaryOperator::LogicalNot {
            self.condition(&mut unary.argument);
        }
    }

    fn visit_conditional_expression(&mut self, conditional: &mut ConditionalExpression<'a>) {
        walk_mut::walk_conditional_expression(self, conditional);
        self.condition(&mut conditional.test);
        if truth::cost_of_negation(&conditional.test) < 0 {
            self.negate(&mut conditional.test);
            std::mem::swap(&mut conditional.consequent, &mut conditional.alternate);
        }
    }

    fn visit_if_statement(&mut self, statement: &mut IfStatement<'a>) {
        walk_mut::walk_if_statement(self, statement);
        self.condition(&mut statement.test);
        if truth::cost_of_negation(&statement.test) < 0
            && let Some(alternate) = &mut statement.alternate
            && !matches!(alternate, Statement::IfStatement(_))
        {
            std::mem::swap(&mut statement.consequent, alternate);
            self.negate(&mut statement.test);
        }
    }

    fn visit_return_statement(&mut self, statement: &mut ReturnStatement<'a>) {
        walk_mut::walk_return_statement(self, statement);
        if let Some(value) = &mut statement.argument {
            self.same_value(value);
        }
    }

    fn visit_while_statement(&mut self, statement: &mut WhileStatement<'a>) {
        walk_mut::walk_while_statement(self, statement);
        self.condition(&mut statement.test);
        self.early_in_loop(&mut statement.body);
    }

    fn visit_do_while_statement(&mut self, statement: &mut DoWhileStatement<'a>) {
        walk_mut::walk_do_while_statement(self, statement);
        self.condition(&mut statement.test);
    }

    fn visit_for_statement(&mut self, statement: &mut ForStatement<'a>) {
        walk_mut::walk_for_statement(self, statement);
        if let Some(test) = &mut statement.test {
            self.condition(test);
        }
        if let Some(update) = &mut statement.update {
            self.unread(update);
        }
        self.early_in_loop(&mut statement.body);
    }

    fn visit_for_of_statement(&mut self, statement: &mut ForOfStatement<'a>) {
        walk_mut::walk_for_of_statement(self, statement);
        self.early_in_loop(&mut statement.body);
    }

    fn visit_for_in_statement(&mut self, statement: &mut ForInStatement<'a>) {
        walk_mut::walk_for_in_statement(self, statement);
        self.early_in_loop(&mut statement.body);
    }

    fn visit_switch_statement(&mut self, statement: &mut SwitchStatement<'a>) {
        walk_mut::walk_switch_statement(self, statement);
        cases::merge(&mut statement.cases);
    }

    fn visit_function_body(&mut self, body: &mut FunctionBody<'a>) {
        walk_mut::walk_function_body(self, body);
        self.early(&mut body.statements, End::Function);
    }
}

impl<'a> Shorter<'a> {
    /// `c ? x : (y, x)` is `(c || y, x)`, which needs no parentheses where it is returned.
    fn same_value(&self, value: &mut Expression<'a>) {
        let Expression::ConditionalExpression(conditional) = value else { return };
        let ends_in = |branch: &Expression<'a>, value: &Expression<'a>| {
            let is_plain = matches!(value, Expression::Identifier(_) | Expression::ThisExpression(_));
            let last = match branch {
                Expression::SequenceExpression(sequence) => sequence.expressions.last(),
                _ => None,
            };
            is_plain && last.is_some_and(|last| last.content_eq(value))
        };
        let (operator, branch) = if ends_in(&conditional.alternate, &conditional.consequent) {
            (LogicalOperator::Or, &mut conditional.alternate)
        } else if ends_in(&conditional.consequent, &conditional.alternate) {
            (LogicalOperator::And, &mut conditional.consequent)
        } else {
            return;
        };
        let Expression::SequenceExpression(mut sequence) = branch.take_in(&self.ast) else { return };
        let Some(same) = sequence.expressions.pop() else { return };
        let effects = match sequence.expressions.pop() {
            Some(only) if sequence.expressions.is_empty() => only,
            last => {
                sequence.expressions.extend(last);
                Expression::SequenceExpression(sequence)
            }
        };
        let span = conditional.span;
        let test = conditional.test.take_in(&self.ast);
        let mut first = Expression::new_logical_expression(span, test, operator, effects, &self.ast);
        self.unread(&mut first);
        let both = ArenaVec::from_iter_in([first, same], &self.ast);
        *value = Expression::new_sequence_expression(span, both, &self.ast);
    }

    /// Makes all variables of the module one kind, and neighbours one statement. They are none of the global object's
    /// either way.
    fn join_variables(&self, body: &mut ArenaVec<'a, Statement<'a>>) {
        for statement in body.take_in(&self.ast) {
            let Statement::VariableDeclaration(mut new) = statement else {
                body.push(statement);
                continue;
            };
            if matches!(new.kind, VariableDeclarationKind::Const | VariableDeclarationKind::Let) {
                new.kind = VariableDeclarationKind::Var;
            }
            match body.last_mut() {
                Some(Statement::VariableDeclaration(last)) if (last.kind, new.kind) == BOTH_VAR => {
                    last.declarations.extend(new.declarations.drain(..));
                }
                _ => body.push(Statement::VariableDeclaration(new)),
            }
        }
    }
}

const BOTH_VAR: (VariableDeclarationKind, VariableDeclarationKind) =
    (VariableDeclarationKind::Var, VariableDeclarationKind::Var);

fn is_zero(expression: &Expression<'_>) -> bool {
    matches!(expression, Expression::NumericLiteral(number) if number.value == 0.0)
}

/// Whether an expression is a 32-bit integer already, and could be nothing else (a `BigInt`).
fn is_int32(expression: &Expression<'_>) -> bool {
    use BinaryOperator::{BitwiseAnd, BitwiseOR, BitwiseXOR, ShiftLeft, ShiftRight};
    let Expression::BinaryExpression(binary) = expression else { return false };
    let is_number = |side: &Expression<'_>| matches!(side, Expression::NumericLiteral(_)) || is_int32(side);
    matches!(binary.operator, BitwiseAnd | BitwiseOR | BitwiseXOR | ShiftLeft | ShiftRight)
        && (is_number(&binary.left) || is_number(&binary.right))
}

#[cfg(test)]
mod tests;
