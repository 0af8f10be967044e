count = { $count }
