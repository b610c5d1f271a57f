"""The municipality of Exempelköping as a demonstration producer: serving permits and food premises."""
