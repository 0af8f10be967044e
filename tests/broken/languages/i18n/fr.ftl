# error at 3: this message cannot be read: expected a token starting with "="
# error at 6: the message `more` is written twice for the language `fr`
home
more = Plus
count = { $count }
more = Encore
