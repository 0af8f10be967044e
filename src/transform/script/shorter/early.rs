//! `if (a) { b; return } c` at the end of a function does what `a ? b : c` does, and so does `continue` at the end of a
//! loop's body.

use oxc::{
    allocator::{Box as ArenaBox, TakeIn, Vec as ArenaVec},
    ast::ast::{Expression, ExpressionStatement, IfStatement, Statement},
    span::SPAN,
};

use super::{Shorter, truth::cost_of_negation};

/// What ends where the statements end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Function,
    Turn,
}

impl<'a> Shorter<'a> {
    pub(super) fn early_in_loop(&self, body: &mut Statement<'a>) {
        let Statement::BlockStatement(block) = body else { return };
        self.early(&mut block.body, End::Turn);
        let is_alone = block.body.len() == 1
            && matches!(block.body[0], Statement::ExpressionStatement(_) | Statement::IfStatement(_));
        if is_alone && let Some(only) = block.body.pop() {
            *body = only;
        }
    }

    /// Statements at whose end `end` ends.
    pub(super) fn early(&self, statements: &mut ArenaVec<'a, Statement<'a>>, end: End) {
        while let [.., Statement::IfStatement(test), last] = &statements[..] {
            if !ends_early(test, end) || !can_be_alternate(last) {
                return;
            }
            let Some(last) = statements.pop() else { return };
            let Some(Statement::IfStatement(mut test)) = statements.pop() else { return };
            let Some(mut first) = self.first_of(&mut test) else { return };
            match last {
                Statement::ExpressionStatement(mut last) => {
                    let mut condition = test.test.take_in(&self.ast);
                    let (mut yes, mut no) = (first.expression.take_in(&self.ast), last.expression.take_in(&self.ast));
                    if cost_of_negation(&condition) < 0 {
                        self.negate(&mut condition);
                        std::mem::swap(&mut yes, &mut no);
                    }
                    let either = Expression::new_conditional_expression(test.span, condition, yes, no, &self.ast);
                    first.expression = either;
                    self.push_joined(statements, first);
                }
                last => {
                    test.consequent = Statement::ExpressionStatement(first);
                    test.alternate = Some(last);
                    statements.push(Statement::IfStatement(test));
                }
            }
        }
    }

    /// The expression that is all `test` does before it ends.
    fn first_of(&self, test: &mut IfStatement<'a>) -> Option<ArenaBox<'a, ExpressionStatement<'a>>> {
        let Statement::BlockStatement(mut block) = test.consequent.take_in(&self.ast) else { return None };
        block.body.truncate(1);
        match block.body.pop()? {
            Statement::ExpressionStatement(first) => Some(first),
            _ => None,
        }
    }

    /// Adds a statement, to the one before where that is an expression, too.
    fn push_joined(
        &self,
        statements: &mut ArenaVec<'a, Statement<'a>>,
        mut new: ArenaBox<'a, ExpressionStatement<'a>>,
    ) {
        let Some(Statement::ExpressionStatement(before)) = statements.last_mut() else {
            statements.push(Statement::ExpressionStatement(new));
            return;
        };
        let mut all = match before.expression.take_in(&self.ast) {
            Expression::SequenceExpression(mut sequence) => sequence.expressions.take_in(&self.ast),
            only => ArenaVec::from_iter_in([only], &self.ast),
        };
        all.push(new.expression.take_in(&self.ast));
        before.expression = Expression::new_sequence_expression(SPAN, all, &self.ast);
    }
}

/// Whether all that `test` does, if it does something, is one expression, and then the end.
fn ends_early(test: &IfStatement<'_>, end: End) -> bool {
    let (None, Statement::BlockStatement(block)) = (&test.alternate, &test.consequent) else { return false };
    let [Statement::ExpressionStatement(_), last] = &block.body[..] else { return false };
    match (end, last) {
        (End::Function, Statement::ReturnStatement(last)) => last.argument.is_none(),
        (End::Turn, Statement::ContinueStatement(last)) => last.label.is_none(),
        _ => false,
    }
}

/// Whether a statement stands behind `else` without braces, and declares nothing.
const fn can_be_alternate(statement: &Statement<'_>) -> bool {
    matches!(
        statement,
        Statement::ExpressionStatement(_)
            | Statement::IfStatement(_)
            | Statement::ForStatement(_)
            | Statement::ForOfStatement(_)
            | Statement::ForInStatement(_)
    )
}
