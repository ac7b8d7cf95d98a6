"""Files people hold: spreadsheets in and out, PDFs to print. Knows formats; decides nothing and stores nothing."""
