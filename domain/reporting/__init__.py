"""What the reports of deadlines say: what is asked, the numbers, and the cases behind each of them."""
